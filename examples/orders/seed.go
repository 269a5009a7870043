package main

import (
	"context"
	"fmt"
)

// seed orders a few things for a shop that is shown to people. All of them come at once, and not on top of those that are there: the Job may
// run again where its machine is lost.
func seed(ctx context.Context, s settings) error {
	database, err := s.openDatabase()
	if err != nil {
		return err
	}
	defer database.Close()
	const ordered = `INSERT INTO orders (item) SELECT 'demo ' || number FROM generate_series(1, 5) AS number
		WHERE NOT EXISTS (SELECT 1 FROM orders WHERE item LIKE 'demo %')`
	if _, err := database.ExecContext(ctx, ordered); err != nil {
		return fmt.Errorf("ordering for the demo: %w", err)
	}
	fmt.Println("there are orders to show")
	return nil
}
