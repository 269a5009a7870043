package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// namespace is the node's network. A socket belongs to the network in which it
// was made, whoever uses it afterwards: so this process, which lives in the
// machine's network, listens and dials in the node's.
type namespace struct {
	own, machine *os.File
}

func openNamespace(pid int) (*namespace, error) {
	machine, err := os.Open("/proc/self/ns/net")
	if err != nil {
		return nil, err
	}
	own, err := os.Open(filepath.Join("/proc", strconv.Itoa(pid), "ns/net"))
	if err != nil {
		return nil, fmt.Errorf("opening the node's network: %w", err)
	}
	return &namespace{own: own, machine: machine}, nil
}

// within does something in the node's network.
func (n *namespace) within(do func() error) error {
	done := make(chan error)
	go func() {
		// Never unlocked where the way back fails: the thread ends with this goroutine then.
		runtime.LockOSThread()
		if err := unix.Setns(int(n.own.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("entering the node's network: %w", err)
			return
		}
		err := do()
		if unix.Setns(int(n.machine.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// listen waits until the address is there, which the node's first process sees to.
func (n *namespace) listen(ctx context.Context, family *family, address string) (net.Listener, error) {
	var listener net.Listener
	err := await(ctx, family, "the node has the address "+address, func() bool {
		return n.within(func() error {
			var err error
			listener, err = net.Listen("tcp4", address)
			return err
		}) == nil
	})
	return listener, err
}

// dial connects to an address of the node's network; names are asked of the
// cluster's DNS.
func (n *namespace) dial(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(host) == nil {
		if host, err = n.resolve(ctx, host); err != nil {
			return nil, err
		}
	}
	return n.dialNumeric(ctx, "tcp4", net.JoinHostPort(host, port))
}

// dialNumeric never looks a name up, so that the socket is made by the thread
// that is in the node's network.
func (n *namespace) dialNumeric(ctx context.Context, network, address string) (net.Conn, error) {
	var connection net.Conn
	err := n.within(func() error {
		var err error
		connection, err = (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
		return err
	})
	return connection, err
}

func (n *namespace) resolve(ctx context.Context, name string) (string, error) {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return n.dialNumeric(ctx, "udp4", nodeAddress+":53")
	}}
	var last error
	for _, full := range []string{name, name + ".svc.cluster.local", name + ".cluster.local"} {
		found, err := resolver.LookupIP(ctx, "ip4", full+".")
		if err == nil {
			return found[0].String(), nil
		}
		last = err
	}
	return "", fmt.Errorf("the cluster knows no %s: %w", name, last)
}

// forwardFrom leads connections to an address of the node to one of the machine.
func (n *namespace) forwardFrom(ctx context.Context, family *family, from, to string) error {
	listener, err := n.listen(ctx, family, from)
	if err != nil {
		return err
	}
	go accept(listener, func(ctx context.Context) (net.Conn, error) { return dialMachine(ctx, to) })
	return nil
}

// forwardTo leads connections to a free port of the machine's loopback to an
// address of the node, and says the port.
func (n *namespace) forwardTo(to string) (string, error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:"+ports[0])
	if err != nil {
		return "", err
	}
	go accept(listener, func(ctx context.Context) (net.Conn, error) { return n.dial(ctx, to) })
	return ports[0], nil
}

func dialMachine(ctx context.Context, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp4", address)
}

func accept(listener net.Listener, dial func(context.Context) (net.Conn, error)) {
	for {
		one, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "a forwarder ended:", err)
			return
		}
		go func() {
			defer one.Close()
			other, err := dial(context.Background())
			if err != nil {
				return
			}
			defer other.Close()
			join(one, one, other)
		}()
	}
}

// join carries bytes both ways until both ends have closed theirs.
func join(one net.Conn, fromOne io.Reader, other net.Conn) {
	done := make(chan struct{})
	go func() {
		carry(other, fromOne)
		close(done)
	}()
	carry(one, other)
	<-done
}

func carry(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
}

func portNumber(text string) (int32, error) {
	port, err := strconv.ParseInt(text, 10, 32)
	return int32(port), err
}
