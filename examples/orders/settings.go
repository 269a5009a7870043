package main

import (
	"cmp"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// settings are what the image and the environment say.
type settings struct {
	version, behaviour       string
	database, redis, broker  string
	port, migrations, static string
}

// readSettings takes the version from /etc/orders/version. /etc/orders/behaviour
// is there in versions that are built to fail: "crash".
func readSettings() (settings, error) {
	folder := cmp.Or(os.Getenv("ORDERS_ETC"), "/etc/orders")
	version, err1 := word(folder + "/version")
	behaviour, err2 := word(folder + "/behaviour")
	return settings{
		version: cmp.Or(version, "0"), behaviour: behaviour,
		database: os.Getenv("DATABASE_URL"), redis: os.Getenv("REDIS_URL"), broker: os.Getenv("CELERY_BROKER_URL"),
		port:       cmp.Or(os.Getenv("PORT"), "8000"),
		migrations: cmp.Or(os.Getenv("ORDERS_MIGRATIONS"), "/srv/migrations"),
		static:     cmp.Or(os.Getenv("ORDERS_STATIC"), "/srv/static"),
	}, errors.Join(err1, err2)
}

func word(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

func (s settings) openDatabase() (*sql.DB, error) {
	if s.database == "" {
		return nil, errors.New("DATABASE_URL is not set")
	}
	database, err := sql.Open("pgx", s.database)
	if err != nil {
		return nil, err
	}
	database.SetMaxOpenConns(5)
	return database, nil
}
