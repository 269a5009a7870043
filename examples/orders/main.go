// Command orders is a web app for tests of the operator: one program with a
// role a process, as a Django app with Celery has them.
//
// It reads DATABASE_URL, REDIS_URL and CELERY_BROKER_URL. Its version is a file
// of the image, so that every version has its own digest: see settings.go.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

var roles = map[string]func(context.Context, settings) error{
	"fetch":     fetch,
	"migrate":   migrate,
	"scheduler": schedule,
	"seed":      seed,
	"static":    serveStatic,
	"superuser": makeSuperuser,
	"web":       serveWeb,
	"websocket": serveWebsocket,
	"worker":    work,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "orders:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 || roles[args[0]] == nil {
		return fmt.Errorf("usage: orders <role>, where <role> is one of %v", slices.Sorted(maps.Keys(roles)))
	}
	settings, err := readSettings()
	if err != nil {
		return err
	}
	// A version that was built to fail does so in every role but this one.
	if settings.behaviour == "crash" && args[0] != "migrate" {
		return fmt.Errorf("KeyError: 'STRIPE_KEY' (version %s was built to crash)", settings.version)
	}
	fmt.Printf("orders %s is %s\n", settings.version, args[0])
	return roles[args[0]](ctx, settings)
}
