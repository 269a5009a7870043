package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

// migrate applies the numbered files that were not applied yet, each in a
// transaction of its own. What a failed one did is undone, and it is not tried again here.
func migrate(ctx context.Context, s settings) error {
	database, err := s.openDatabase()
	if err != nil {
		return err
	}
	defer database.Close()
	if _, err := database.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"); err != nil {
		return fmt.Errorf("making the table of migrations: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(s.migrations, "*.sql"))
	if err != nil {
		return err
	}
	sort.Strings(files)
	for _, file := range files {
		if err := apply(ctx, database, file); err != nil {
			return fmt.Errorf("migration %s failed: %w", filepath.Base(file), err)
		}
	}
	fmt.Println("the schema is up to date")
	return nil
}

func apply(ctx context.Context, database *sql.DB, file string) error {
	name := filepath.Base(file)
	var known bool
	if err := database.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM migrations WHERE name = $1)", name).Scan(&known); err != nil || known {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	transaction, err := database.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = transaction.Rollback() }()
	fmt.Println("applying", name)
	if _, err := transaction.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	if _, err := transaction.ExecContext(ctx, "INSERT INTO migrations (name) VALUES ($1)", name); err != nil {
		return err
	}
	return transaction.Commit()
}
