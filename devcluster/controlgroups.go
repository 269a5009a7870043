package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const controlGroups = "/sys/fs/cgroup"

// hierarchies are the cgroup hierarchies of this process: what each is called
// in a mount, and the group that the process is in.
func hierarchies() (map[string]string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		fields := strings.SplitN(line, ":", 3)
		if len(fields) == 3 {
			found[fields[1]] = fields[2]
		}
	}
	return found, nil
}

// unified says whether there is one hierarchy only, of version 2.
func unified(found map[string]string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(controlGroups, &stat) == nil && stat.Type == unix.CGROUP2_SUPER_MAGIC
}

// mountPoint is where a hierarchy is mounted: version 1 by its controllers'
// names, version 2 at the root, or beside version 1 in "unified".
func mountPoint(name string, onlyUnified bool) string {
	switch {
	case name == "" && onlyUnified:
		return controlGroups
	case name == "":
		return filepath.Join(controlGroups, "unified")
	default:
		return filepath.Join(controlGroups, strings.TrimPrefix(name, "name="))
	}
}

// makeControlGroups makes one group a hierarchy, below those of this process,
// and says their paths.
func makeControlGroups(dir string) ([]string, error) {
	found, err := hierarchies()
	if err != nil {
		return nil, err
	}
	onlyUnified := unified(found)
	var groups []string
	for name, own := range found {
		parent := filepath.Join(mountPoint(name, onlyUnified), own)
		if _, err := os.Stat(parent); err != nil {
			continue
		}
		removeForgotten(parent)
		group := filepath.Join(parent, fmt.Sprintf("pinnace-%d-%s", os.Getpid(), filepath.Base(dir)))
		if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("making a cgroup: %w", err)
		}
		groups = append(groups, group)
		// A group of cpuset takes no process before it has these.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if text, err := os.ReadFile(filepath.Join(parent, file)); err == nil && name != "" {
				_ = os.WriteFile(filepath.Join(group, file), text, 0o600)
			}
		}
	}
	return groups, nil
}

// removeForgotten removes the groups of supervisors that are gone, should their
// sweepers have been killed as well.
func removeForgotten(parent string) {
	groups, _ := filepath.Glob(filepath.Join(parent, "pinnace-*"))
	for _, group := range groups {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(group), "pinnace-%d-", &pid); err == nil && unix.Kill(pid, 0) == unix.ESRCH {
			// One whose processes still end is swept by somebody else.
			_ = tryRemoveGroup(group)
		}
	}
}

// mountControlGroups mounts every hierarchy anew, so that the node's own group
// is the root of what is seen.
func mountControlGroups() error {
	found, err := hierarchies()
	if err != nil {
		return err
	}
	if len(found) == 1 {
		return mountUnified()
	}
	if err := mountNew("tmpfs", "tmpfs", controlGroups, "mode=755"); err != nil {
		return err
	}
	for name := range found {
		target := mountPoint(name, false)
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		kind, data := "cgroup", name
		switch {
		case name == "":
			kind = "cgroup2"
		case strings.HasPrefix(name, "name="):
			data = "none," + name
		}
		if err := mountNew(kind, "cgroup", target, data); err != nil {
			return err
		}
	}
	return nil
}

// mountUnified does it for version 2, where a group with controllers for others
// may hold no process itself.
func mountUnified() error {
	if err := mountNew("cgroup2", "cgroup", controlGroups, ""); err != nil {
		return err
	}
	own := filepath.Join(controlGroups, "node")
	if err := os.Mkdir(own, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(own, "cgroup.procs"), []byte("0"), 0o600); err != nil {
		return err
	}
	controllers, err := os.ReadFile(filepath.Join(controlGroups, "cgroup.controllers"))
	if err != nil {
		return err
	}
	wanted := ""
	for _, controller := range strings.Fields(string(controllers)) {
		wanted += "+" + controller + " "
	}
	return os.WriteFile(filepath.Join(controlGroups, "cgroup.subtree_control"), []byte(wanted), 0o600)
}

// sweep waits until its stdin ends, which it does when the supervisor is gone,
// however it went. Then it removes what the kernel does not: cgroups, and the
// folder of a cluster that nobody keeps.
func sweep(args []string) error {
	_, _ = io.Copy(io.Discard, os.Stdin)
	folder, groups := args[0], args[1:]
	var failed error
	for _, group := range groups {
		failed = errors.Join(failed, removeGroup(group))
	}
	if folder != "" {
		failed = errors.Join(failed, os.RemoveAll(folder))
	}
	return failed
}

// removeGroup removes a cgroup and all below it once their processes are gone.
func removeGroup(root string) error {
	const patience, pause = time.Minute, 50 * time.Millisecond
	err := tryRemoveGroup(root)
	for begun := time.Now(); err != nil && time.Since(begun) < patience; err = tryRemoveGroup(root) {
		time.Sleep(pause)
	}
	return err
}

func tryRemoveGroup(root string) error {
	var below []string
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, walking error) error {
		if walking == nil && entry.IsDir() {
			below = append(below, path)
		}
		return nil
	})
	var failed error
	for _, group := range slices.Backward(below) {
		if err := os.Remove(group); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
	}
	return failed
}
