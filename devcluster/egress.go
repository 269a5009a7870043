package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"time"
)

const egressSocket = "egress.sock"

// egressConfig tells the API server to reach kubelets, pods and webhooks
// through a proxy of ours, for their network is not its own.
func egressConfig(socket string) string {
	return fmt.Sprintf(`apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport: {uds: {udsName: %q}}
`, socket)
}

// serveEgress answers the API server. What it knows by a loopback address are
// things of the machine: simulated kubelets, and webhooks of tests.
func (n *namespace) serveEgress(socket string) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	go serveTunnels(listener, func(ctx context.Context, address string) (net.Conn, error) {
		if isLoopback(address) {
			return dialMachine(ctx, address)
		}
		return n.dial(ctx, address)
	})
	return nil
}

// serveProxy is for everybody else on this machine: an HTTP proxy for CONNECT
// that leads into the cluster and nowhere else.
func (n *namespace) serveProxy() (string, error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:"+ports[0])
	if err != nil {
		return "", err
	}
	go serveTunnels(listener, func(ctx context.Context, address string) (net.Conn, error) {
		if isLoopback(address) {
			return nil, fmt.Errorf("%s is not in the cluster", address)
		}
		return n.dial(ctx, address)
	})
	return listener.Addr().String(), nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// serveTunnels answers CONNECT.
func serveTunnels(listener net.Listener, dial func(context.Context, string) (net.Conn, error)) {
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT is answered here", http.StatusMethodNotAllowed)
			return
		}
		other, err := dial(r.Context(), r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer other.Close()
		hijacker, ok := w.(http.Hijacker)
		if !ok {
			return
		}
		one, buffered, err := hijacker.Hijack()
		if err != nil {
			return
		}
		defer one.Close()
		if _, err := one.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err == nil {
			join(one, unread(buffered, one), other)
		}
	})}
	fmt.Fprintln(os.Stderr, "a proxy ended:", server.Serve(listener))
}

// unread is what the client sent already, and then what it sends.
func unread(buffered *bufio.ReadWriter, one net.Conn) *bufio.Reader {
	if buffered.Reader.Buffered() > 0 {
		return buffered.Reader
	}
	return bufio.NewReader(one)
}

// serveMirror lets containerd pull from registries on this machine's loopback
// under the names that they have here. Every other name is looked for in the
// cluster's own registry; nothing is asked of the world outside.
func (n *namespace) serveMirror(ctx context.Context, family *family, address, registry string) error {
	listener, err := n.listen(ctx, family, address)
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		query := r.In.URL.Query()
		name := query.Get("ns")
		query.Del("ns")
		if !isLoopback(name) {
			name = registry
		}
		r.SetURL(&url.URL{Scheme: "http", Host: name})
		r.Out.URL.RawQuery = query.Encode()
		r.Out.Host = name
	}}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	go func() { fmt.Fprintln(os.Stderr, "the mirror ended:", server.Serve(listener)) }()
	return nil
}
