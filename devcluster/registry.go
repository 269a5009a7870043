package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/crypto/bcrypt"
)

// serveRegistry runs an image registry on a free port until its stdin ends.
// With DEVREGISTRY_USER and DEVREGISTRY_PASSWORD it asks for both.
func serveRegistry(args []string) error {
	opts, err := parse("serve-registry", args)
	if err != nil {
		return err
	}
	return raise(opts, startRegistry)
}

// readyRegistry is the line on stdout that tells the caller how to reach it.
type readyRegistry struct {
	Address string `json:"address"`
	CA      string `json:"ca,omitempty"`
	Pid     int    `json:"pid"`
}

func startRegistry(ctx context.Context, family *family) (any, error) {
	opts := family.opts
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	return runRegistry(ctx, family, ports[0], filepath.Join(opts.dir, "images"))
}

// startNodeRegistry runs the registry of a cluster with a real node. With
// --images its folder is one that clusters share, one after the other and at
// the same time: what is in there is named by its content.
func startNodeRegistry(ctx context.Context, family *family) (string, error) {
	images := family.opts.images
	if images == "" {
		images = filepath.Join(family.opts.dir, "images")
	}
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	line, err := runRegistry(ctx, family, ports[0], images)
	return line.Address, err
}

func runRegistry(ctx context.Context, family *family, port, images string) (readyRegistry, error) {
	opts := family.opts
	line := readyRegistry{Address: "127.0.0.1:" + port, Pid: os.Getpid()}
	config := fmt.Sprintf(`version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: %q}
  delete: {enabled: true}
http:
  addr: %s
`, images, line.Address)
	if opts.tls {
		keys, err := writeKeys(opts.dir)
		if err != nil {
			return line, err
		}
		line.CA = keys.ca
		config += fmt.Sprintf("  tls: {certificate: %q, key: %q}\n", keys.certificate, keys.key)
	}
	if user := os.Getenv("DEVREGISTRY_USER"); user != "" {
		path := filepath.Join(opts.dir, "htpasswd")
		hash, err := bcrypt.GenerateFromPassword([]byte(os.Getenv("DEVREGISTRY_PASSWORD")), bcrypt.MinCost)
		if err != nil {
			return line, err
		}
		if err := os.WriteFile(path, []byte(user+":"+string(hash)+"\n"), 0o600); err != nil {
			return line, err
		}
		config += fmt.Sprintf("auth:\n  htpasswd: {realm: devcluster, path: %q}\n", path)
	}
	path := filepath.Join(opts.dir, "registry.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return line, err
	}
	// Else it looks for a collector of traces and complains.
	if err := os.Setenv("OTEL_TRACES_EXPORTER", "none"); err != nil {
		return line, err
	}
	if err := family.run("registry", "serve", path); err != nil {
		return line, err
	}
	return line, await(ctx, family, "the registry answers", func() bool { return answers(line, opts.tls) })
}

// answers says whether the root page does; it needs no password.
func answers(line readyRegistry, withTLS bool) bool {
	client, scheme := http.DefaultClient, "http"
	if withTLS {
		client, scheme = clientTrusting(line.CA), "https"
	}
	response, err := client.Get(scheme + "://" + line.Address + "/")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
