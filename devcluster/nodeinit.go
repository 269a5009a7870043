package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// nodeOptions say where a real node finds what it needs.
type nodeOptions struct {
	dir, cluster, programs, server string
	groups                         string
	staged, traefik                bool
}

func parseNode(part string, args []string) (nodeOptions, error) {
	var opts nodeOptions
	flags := flag.NewFlagSet(part, flag.ContinueOnError)
	flags.StringVar(&opts.dir, "dir", "", "folder for everything the node writes")
	flags.StringVar(&opts.cluster, "cluster", "", "the cluster's folder, with its keys")
	flags.StringVar(&opts.programs, "programs", "", "folder of containerd and the others")
	flags.StringVar(&opts.server, "server", "", "address and port of the API server")
	flags.StringVar(&opts.groups, "groups", "", "the cgroups to live in, parted by colons")
	flags.BoolVar(&opts.staged, "staged", false, "the cgroups are entered")
	flags.BoolVar(&opts.traefik, "traefik", false, "run Traefik too")
	return opts, flags.Parse(args)
}

// nodeInit is the first process of a node's namespaces: with its end all others
// in there end, by the kernel. It makes the mounts and links, starts the parts
// and takes the processes that lost their parent.
func nodeInit(args []string) error {
	opts, err := parseNode("node-init", args)
	if err != nil {
		return err
	}
	if !opts.staged {
		return enterControlGroups(opts, args)
	}
	endWithSupervisor()
	if err := unix.Sethostname([]byte(realNode)); err != nil {
		return fmt.Errorf("naming the node: %w", err)
	}
	if err := mountNode(opts); err != nil {
		return err
	}
	if err := linkNode(); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	parts := exec.Command(program, append([]string{"node"}, withoutFlag(args, "--staged")...)...)
	parts.Stdout, parts.Stderr = os.Stdout, os.Stderr
	if err := parts.Start(); err != nil {
		return err
	}
	return reapUntil(parts.Process.Pid)
}

// endWithSupervisor ends this process when its stdin does. The kernel was asked
// to do so too, but it may have forgotten: it keeps that wish for a thread, and
// another one went on through the exec.
func endWithSupervisor() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}

// enterControlGroups joins the node's cgroups and makes them the root of all
// that it sees, which takes a new start.
func enterControlGroups(opts nodeOptions, args []string) error {
	for _, group := range strings.Split(opts.groups, ":") {
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0o600); err != nil {
			return fmt.Errorf("joining a cgroup: %w", err)
		}
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("making a cgroup namespace: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(program, append([]string{program, "node-init", "--staged"}, args...), os.Environ())
}

func withoutFlag(args []string, flag string) []string {
	var kept []string
	for _, arg := range args {
		if arg != flag {
			kept = append(kept, arg)
		}
	}
	return kept
}

// reapUntil takes every process that ends, until this one does.
func reapUntil(pid int) error {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return err
		case ended == pid:
			return fmt.Errorf("the node's parts ended (status %d)", status.ExitStatus())
		}
	}
}

// linkNode brings up the loopback and the node's own address. There is no way
// out of here: what is not a pod, a Service or the node is unreachable at once.
func linkNode() error {
	for _, line := range []string{
		"link set lo up",
		"link add node0 type bridge",
		"addr add " + nodeAddress + "/24 dev node0",
		"link set node0 up",
		// Without a route the kernel gives up before kube-proxy's rules are asked.
		"route add " + serviceRange + " dev node0",
	} {
		if output, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, output)
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600); err != nil {
		return fmt.Errorf("switching forwarding on: %w", err)
	}
	return nil
}
