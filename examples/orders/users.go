package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
)

const (
	rounds    = 100_000
	keyLength = 32
)

// makeSuperuser makes the first user, as Django's createsuperuser does. One of that name who is there stays as it is: the Job may run again
// where its machine is lost.
func makeSuperuser(ctx context.Context, s settings) error {
	name, password := os.Getenv("DJANGO_SUPERUSER_USERNAME"), os.Getenv("DJANGO_SUPERUSER_PASSWORD")
	if name == "" || password == "" {
		return errors.New("DJANGO_SUPERUSER_USERNAME and DJANGO_SUPERUSER_PASSWORD have to be set")
	}
	database, err := s.openDatabase()
	if err != nil {
		return err
	}
	defer database.Close()
	salt := make([]byte, 16)
	// It never fails.
	_, _ = rand.Read(salt)
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, keyLength)
	if err != nil {
		return err
	}
	const made = "INSERT INTO users (name, email, salt, key) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING"
	if _, err := database.ExecContext(ctx, made, name, os.Getenv("DJANGO_SUPERUSER_EMAIL"), salt, key); err != nil {
		return fmt.Errorf("making the user %s: %w", name, err)
	}
	fmt.Println("there is a user", name)
	return nil
}

// serveAdmin answers those who can log in.
func serveAdmin(w http.ResponseWriter, r *http.Request, database *sql.DB) {
	name, password, _ := r.BasicAuth()
	email, err := logIn(r.Context(), database, name, password)
	if err != nil {
		fmt.Fprintln(os.Stderr, "logging in:", err)
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, "hello %s <%s>\n", name, email)
}

// logIn gives the address of a user whose password that is.
func logIn(ctx context.Context, database *sql.DB, name, password string) (email string, err error) {
	var salt, known []byte
	const found = "SELECT email, salt, key FROM users WHERE name = $1"
	if err := database.QueryRowContext(ctx, found, name).Scan(&email, &salt, &known); err != nil {
		return "", err
	}
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, keyLength)
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare(key, known) != 1 {
		return "", errors.New("that is not the password")
	}
	return email, nil
}
