package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mountNode gives the node a file system where its programs may write in their
// usual places: all of it lies in the cluster's folder or in memory.
func mountNode(opts nodeOptions) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("parting the mounts from the machine's: %w", err)
	}
	steps := []func() error{
		func() error { return mountNew("proc", "proc", "/proc", "") },
		func() error { return mountNew("sysfs", "sysfs", "/sys", "") },
		mountControlGroups,
		func() error { return bind(filepath.Join(opts.dir, "lib"), "/var/lib") },
		func() error { return bind(filepath.Join(opts.dir, "log"), "/var/log") },
		func() error { return mountNew("tmpfs", "tmpfs", "/run", "mode=755") },
		func() error { return pretendTunables(opts.dir) },
		// Containers see what is mounted later, as the kubelet expects.
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("mounting for the node: %w", err)
		}
	}
	return nil
}

func mountNew(kind, source, target, data string) error {
	if err := unix.Mount(source, target, kind, unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, data); err != nil {
		return fmt.Errorf("%s on %s: %w", kind, target, err)
	}
	return nil
}

func bind(source, target string) error {
	if err := os.MkdirAll(source, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("%s on %s: %w", source, target, err)
	}
	return nil
}

// pretendTunables hides settings of the whole kernel behind files that hold
// what the kubelet wants: it finds nothing to change on the machine.
func pretendTunables(dir string) error {
	wanted := map[string]string{
		"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	}
	for name, value := range wanted {
		target := filepath.Join("/proc/sys", name)
		if _, err := os.Stat(target); err != nil {
			continue
		}
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		if err := unix.Mount(file, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("hiding %s: %w", target, err)
		}
	}
	return nil
}
