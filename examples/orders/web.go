package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

// serveWeb answers with its version and how many orders there are.
//
//	GET /         {"version": "2", "orders": 7, "last": "ordered at ...", "visits": 3, "pod": "..."}
//	GET /admin    who logged in
//	GET /healthz  that the process runs
//	GET /readyz   that the database can be reached
func serveWeb(ctx context.Context, s settings) error {
	database, err := s.openDatabase()
	if err != nil {
		return err
	}
	defer database.Close()
	visits, err := openRedis(s)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { answer(w, r, s, database, visits) })
	mux.HandleFunc("GET /admin", func(w http.ResponseWriter, r *http.Request) { serveAdmin(w, r, database) })
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		limited, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if err := database.PingContext(limited); err != nil {
			http.Error(w, "the database can't be reached", http.StatusServiceUnavailable)
			return
		}
		alive(w, r)
	})
	return serve(ctx, s, mux)
}

// answer says what is asked for. Without Redis the page is whole but for one number.
func answer(w http.ResponseWriter, r *http.Request, s settings, database *sql.DB, visits *redis.Client) {
	limited, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	page := map[string]any{"version": s.version, "pod": os.Getenv("HOSTNAME")}
	var orders int
	var last string
	const counted = "SELECT count(*), COALESCE((SELECT item FROM orders ORDER BY id DESC LIMIT 1), '') FROM orders"
	if err := database.QueryRowContext(limited, counted).Scan(&orders, &last); err != nil {
		fmt.Fprintln(os.Stderr, "counting orders:", err)
		http.Error(w, "the orders can't be counted", http.StatusInternalServerError)
		return
	}
	page["orders"], page["last"] = orders, last
	if visits != nil {
		if count, err := visits.Incr(limited, "visits").Result(); err == nil {
			page["visits"] = count
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page)
}

// openRedis is nil where no Redis is wanted.
func openRedis(s settings) (*redis.Client, error) {
	if s.redis == "" {
		return nil, nil
	}
	options, err := redis.ParseURL(s.redis)
	if err != nil {
		return nil, errors.New("REDIS_URL is not an address of Redis")
	}
	options.DialTimeout, options.ReadTimeout = time.Second, time.Second
	return redis.NewClient(options), nil
}

func alive(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }

// serveStatic answers with the files of the image, at /static/.
func serveStatic(ctx context.Context, s settings) error {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServer(http.Dir(s.static))))
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", alive)
	return serve(ctx, s, mux)
}

// serve answers until it is told to end, and a little longer: whoever sends
// requests here learns only later that this pod is leaving.
func serve(ctx context.Context, s settings, handler http.Handler) error {
	server := &http.Server{Addr: ":" + s.port, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	time.Sleep(3 * time.Second)
	limited, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(limited)
}
