package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// options says what kind of cluster to run and when to end it.
type options struct {
	dir         string
	assets      string
	programs    string
	images      string
	nodes       int
	realNode    bool
	traefik     bool
	audit       bool
	tls         bool
	background  bool
	ephemeral   bool
	whileLocked string
	linger      time.Duration
	timeout     time.Duration
}

// ready is the line on stdout that tells the caller how to reach the cluster.
type ready struct {
	Kubeconfig string     `json:"kubeconfig"`
	Server     string     `json:"server"`
	Token      string     `json:"token"`
	CA         string     `json:"ca"`
	Audit      string     `json:"audit,omitempty"`
	Pid        int        `json:"pid"`
	Node       *readyNode `json:"node,omitempty"`
}

// readyNode is what there is besides when the cluster has a real node.
type readyNode struct {
	// Pid is the first process of the node's namespaces.
	Pid int `json:"pid"`
	// Registry is where images are pushed that the node may run.
	Registry string `json:"registry"`
	// Proxy leads into the cluster by CONNECT.
	Proxy string `json:"proxy"`
	// Names is a resolv.conf that asks the cluster's DNS.
	Names string `json:"names"`
	// HTTP is where Traefik answers.
	HTTP string `json:"http,omitempty"`
}

// supervise runs every part of one cluster and ends them all when its own
// stdin ends (so that nothing is left when the caller is killed), on SIGTERM,
// or, with --while-locked, when nobody holds that lock any more. On SIGUSR1
// the API server crashes and comes back.
func supervise(args []string) error {
	opts, err := parse("supervise", args)
	if err != nil {
		return err
	}
	return raise(opts, startCluster)
}

// raise starts a family of processes and stays until it may end.
func raise(opts options, start func(context.Context, *family) (any, error)) error {
	// Whoever looks for us by this lock can't be misled by a process id used again.
	alive := tryLock(filepath.Join(opts.dir, "alive"))
	for tries := 0; alive == nil && tries < 20; tries++ {
		// Somebody may just be looking.
		time.Sleep(50 * time.Millisecond)
		alive = tryLock(filepath.Join(opts.dir, "alive"))
	}
	if alive == nil {
		return fmt.Errorf("another one runs in %s", opts.dir)
	}
	defer alive.Close()
	if opts.ephemeral {
		defer os.RemoveAll(opts.dir)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch {
	case opts.whileLocked != "":
		ctx = untilUnlocked(ctx, opts.whileLocked, opts.linger)
	case !opts.background:
		ctx = untilEOF(ctx, os.Stdin)
	}

	// Children die with the thread that made them, should this process be killed.
	runtime.LockOSThread()
	family := &family{opts: opts, ended: make(chan error, 16)}
	defer family.kill()
	starting, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()
	line, err := start(starting, family)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		return err
	}
	crash := make(chan os.Signal, 1)
	signal.Notify(crash, syscall.SIGUSR1)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-family.ended:
			return err
		case <-crash:
			if err := family.crash("kube-apiserver"); err != nil {
				return err
			}
		}
	}
}

func parse(part string, args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet(part, flag.ContinueOnError)
	flags.StringVar(&opts.dir, "dir", "", "folder for everything the cluster writes")
	flags.StringVar(&opts.assets, "assets", os.Getenv("KUBEBUILDER_ASSETS"), "folder whose etcd, kube-apiserver, ... are used instead of those in here")
	flags.IntVar(&opts.nodes, "nodes", 3, "how many simulated nodes")
	flags.BoolVar(&opts.realNode, "real-node", false, "a node whose pods really run, beside the simulated ones")
	flags.BoolVar(&opts.traefik, "traefik", false, "with a real node: Traefik for its Ingresses")
	flags.StringVar(&opts.programs, "programs", "", "folders of containerd, CoreDNS, ... for a real node, parted by colons")
	flags.StringVar(&opts.images, "images", "", "folder for the images of a real node's registry; in --dir when not given")
	flags.BoolVar(&opts.tls, "tls", false, "a registry with TLS")
	flags.BoolVar(&opts.audit, "audit", false, "write the API server's audit log, one line a request")
	flags.BoolVar(&opts.background, "background", false, "go on when stdin ends")
	flags.BoolVar(&opts.ephemeral, "ephemeral", false, "remove the folder at the end")
	flags.StringVar(&opts.whileLocked, "while-locked", "", "go on while another process holds a lock on this file")
	flags.DurationVar(&opts.linger, "linger", 15*time.Second, "how long --while-locked waits for the next holder")
	flags.DurationVar(&opts.timeout, "timeout", 90*time.Second, "how long the cluster may take to be ready")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if opts.dir == "" {
		return opts, errors.New("--dir is needed")
	}
	dir, err := filepath.Abs(opts.dir)
	opts.dir = dir
	return opts, errors.Join(err, os.MkdirAll(dir, 0o700))
}

func startCluster(ctx context.Context, family *family) (any, error) {
	opts := family.opts
	if opts.realNode {
		if err := errors.Join(checkMachine(), checkPrograms(opts.programs)); err != nil {
			return nil, err
		}
	}
	ports, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	plane, err := newControlPlane(opts, ports)
	if err != nil {
		return nil, err
	}
	if err := family.run("etcd", plane.etcd()...); err != nil {
		return nil, err
	}
	if err := family.run("kube-apiserver", plane.apiserver()...); err != nil {
		return nil, err
	}
	client, err := plane.awaitServer(ctx, family)
	if err != nil {
		return nil, err
	}
	if err := family.run("kube-controller-manager", plane.controllerManager()...); err != nil {
		return nil, err
	}
	if err := family.run("kube-scheduler", plane.scheduler()...); err != nil {
		return nil, err
	}
	if opts.nodes > 0 {
		if err := startNodes(ctx, family, plane, client); err != nil {
			return nil, err
		}
	}
	if err := startProvisioner(ctx, plane, client); err != nil {
		return nil, err
	}
	line := plane.ready()
	expected := opts.nodes
	if opts.realNode {
		expected++
		node, err := startRealNode(ctx, family, plane, client)
		if err != nil {
			return nil, err
		}
		if line.Node, err = node.ready(opts); err != nil {
			return nil, err
		}
	}
	return line, awaitCluster(ctx, family, client, expected)
}

// family is the processes of one cluster.
type family struct {
	opts     options
	programs string
	children []*child
	ended    chan error
	sweeper  *exec.Cmd
	told     io.Closer
}

// child is one of them. One that was replaced ends in silence.
type child struct {
	*exec.Cmd
	part      string
	arguments []string
	replaced  atomic.Bool
	gone      chan struct{}
}

// run starts a part: the one in --assets or --programs if it is there, else our own.
func (f *family) run(part string, arguments ...string) error {
	return f.runAs(part, &syscall.SysProcAttr{}, arguments...)
}

// runAs starts a part in namespaces of its own.
func (f *family) runAs(part string, attributes *syscall.SysProcAttr, arguments ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	given := arguments
	arguments = append([]string{part}, arguments...)
	for _, folder := range append(filepath.SplitList(f.programs), f.opts.assets) {
		other := filepath.Join(folder, part)
		if _, err := os.Stat(other); folder != "" && err == nil {
			program, arguments = other, given
			break
		}
	}
	log, err := os.OpenFile(filepath.Join(f.opts.dir, part+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	child := &child{Cmd: exec.Command(program, arguments...), part: part, arguments: given, gone: make(chan struct{})}
	child.Stdout, child.Stderr = log, log
	child.Dir = f.opts.dir
	attributes.Pdeathsig, attributes.Setpgid = syscall.SIGKILL, true
	child.SysProcAttr = attributes
	if attributes.Cloneflags != 0 {
		// Never written to: it ends when this process does.
		if _, err := child.StdinPipe(); err != nil {
			return err
		}
	}
	if err := child.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", part, err)
	}
	f.children = append(f.children, child)
	go func() {
		err := child.Wait()
		close(child.gone)
		if child.replaced.Load() {
			return
		}
		f.ended <- fmt.Errorf("%s ended (%v); the last lines of its log:\n%s", part, err, tail(log.Name(), 2000))
	}()
	return nil
}

// crash ends a part as a power cut would, and starts it again as it was.
func (f *family) crash(part string) error {
	for index, child := range f.children {
		if child.part != part {
			continue
		}
		child.replaced.Store(true)
		_ = syscall.Kill(-child.Process.Pid, syscall.SIGKILL)
		<-child.gone
		f.children = append(f.children[:index], f.children[index+1:]...)
		return f.run(part, child.arguments...)
	}
	return fmt.Errorf("there is no %s to crash", part)
}

// kill ends every child at once: nothing of a test cluster is worth a slow stop.
func (f *family) kill() {
	for _, child := range f.children {
		_ = syscall.Kill(-child.Process.Pid, syscall.SIGKILL)
	}
	// The kernel has more to do for a real node's containers.
	patience := time.After(10 * time.Second)
	for _, child := range f.children {
		select {
		case <-child.gone:
		case <-patience:
			return
		}
	}
	f.swept()
}

// untilEOF ends when the other end of the pipe is closed.
func untilEOF(ctx context.Context, pipe io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, pipe)
		cancel()
	}()
	return ctx
}

// untilUnlocked ends when no process has held a shared lock on the file for
// the linger time. The lock "<file>.start" keeps a new user from coming in
// between our last look and our end: users take it while they look for us.
func untilUnlocked(ctx context.Context, path string, linger time.Duration) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		used := time.Now()
		for ctx.Err() == nil {
			time.Sleep(500 * time.Millisecond)
			gate := tryLock(path + ".start")
			users := tryLock(path)
			if gate == nil || users == nil {
				used = time.Now()
			} else if time.Since(used) > linger {
				// Held until this process ends; the next user sees no state file.
				_ = os.Remove(path + ".json")
				return
			}
			for _, lock := range []*os.File{users, gate} {
				if lock != nil {
					_ = lock.Close()
				}
			}
		}
	}()
	return ctx
}

func tryLock(path string) *os.File {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil
	}
	return file
}

// freePorts finds ports of loopback that nobody uses right now. They lie below
// the range that the kernel gives to outgoing connections: between finding one
// and using it, no client on this machine can be given it.
func freePorts(count int) ([]string, error) {
	const lowest, below = 20000, 30000
	ports := make([]string, 0, count)
	for tries := 0; len(ports) < count; tries++ {
		if tries == 1000 {
			return nil, fmt.Errorf("no free port between %d and %d", lowest, below)
		}
		port := strconv.Itoa(lowest + rand.IntN(below-lowest))
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		defer listener.Close()
		ports = append(ports, port)
	}
	return ports, nil
}

func tail(path string, size int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-size):])
}
