package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// The real node's own network: nothing of it is seen outside of the node's
// namespace, so every cluster has the same.
const (
	realNode      = "real-node"
	nodeAddress   = "10.89.0.1"
	podRange      = "10.88.0.0/16"
	serviceRange  = "10.0.0.0/16"
	apiService    = "10.0.0.1"
	mirrorAddress = nodeAddress + ":5000"
	pauseImage    = "registry.pinnace.test/pause:1"
)

// realNodeOf is what the supervisor knows of the real node.
type realNodeOf struct {
	namespace *namespace
	child     *child
	registry  string
	proxy     string
}

// startRealNode makes a node whose pods really run: kubelet, kube-proxy,
// containerd and CoreDNS in namespaces of their own (network, mounts,
// processes, cgroups), so that the machine's stay as they are, and all of it is
// gone when the first process in there is.
func startRealNode(ctx context.Context, family *family, plane *controlPlane, client *kubernetes.Clientset) (*realNodeOf, error) {
	node := &realNodeOf{}
	var err error
	if node.registry, err = startNodeRegistry(ctx, family); err != nil {
		return nil, err
	}
	groups, err := makeControlGroups(plane.opts.dir)
	if err != nil {
		return nil, err
	}
	if err := family.sweepAtEnd(groups); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(plane.file("node"), 0o700); err != nil {
		return nil, err
	}
	isolated := syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC}
	arguments := []string{
		"--dir=" + plane.file("node"), "--cluster=" + plane.opts.dir, "--programs=" + plane.opts.programs,
		"--server=" + strings.TrimPrefix(plane.server(), "https://"), "--groups=" + strings.Join(groups, ":"), "--traefik=" + fmt.Sprint(plane.opts.traefik),
	}
	if err := family.runAs("node-init", &isolated, arguments...); err != nil {
		return nil, err
	}
	node.child = family.children[len(family.children)-1]
	if node.namespace, err = openNamespace(node.child.Process.Pid); err != nil {
		return nil, err
	}
	if err := node.connect(ctx, family, plane); err != nil {
		return nil, err
	}
	if err := pushPause(ctx, plane.opts.programs, node.registry); err != nil {
		return nil, err
	}
	return node, grantNode(ctx, client, plane)
}

// connect lets the node reach the API server and registries of the machine's
// loopback, and the machine the node.
func (n *realNodeOf) connect(ctx context.Context, family *family, plane *controlPlane) error {
	host := "127.0.0.1:" + plane.port
	if err := n.namespace.forwardFrom(ctx, family, host, host); err != nil {
		return err
	}
	if err := n.namespace.forwardFrom(ctx, family, nodeAddress+":"+plane.port, host); err != nil {
		return err
	}
	if err := n.namespace.serveMirror(ctx, family, mirrorAddress, n.registry); err != nil {
		return err
	}
	if err := n.namespace.serveEgress(plane.file(egressSocket)); err != nil {
		return err
	}
	var err error
	n.proxy, err = n.namespace.serveProxy()
	return err
}

// grantNode gives the kubelet its role, and makes the Service "kubernetes"
// lead to where pods reach the API server.
func grantNode(ctx context.Context, client *kubernetes.Clientset, plane *controlPlane) error {
	_, err := client.RbacV1().ClusterRoleBindings().Create(ctx, nodeBinding(), metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("giving the kubelet its role: %w", err)
	}
	if plane.opts.traefik {
		class := &networkingv1.IngressClass{
			ObjectMeta: metav1.ObjectMeta{Name: "traefik", Annotations: map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"}},
			Spec:       networkingv1.IngressClassSpec{Controller: "traefik.io/ingress-controller"},
		}
		if _, err := client.NetworkingV1().IngressClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("making the class of Ingresses: %w", err)
		}
	}
	port, err := portNumber(plane.port)
	if err != nil {
		return err
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "kubernetes", Namespace: "default", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{nodeAddress}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}}},
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("https"), Port: ptr.To(port), Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
	if _, err := client.DiscoveryV1().EndpointSlices("default").Create(ctx, slice, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("making the endpoints of the API server: %w", err)
	}
	return nil
}

// needs are the programs of a real node that come from Debian, each with its
// package.
var needs = [][2]string{
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"ip", "iproute2"},
	{"/usr/lib/cni/ptp", "containernetworking-plugins"},
	{"/usr/lib/cni/host-local", "containernetworking-plugins"},
	{"/usr/lib/cni/portmap", "containernetworking-plugins"},
}

// checkMachine says what a real node needs and this machine does not have.
func checkMachine() error {
	if os.Geteuid() != 0 {
		return errors.New("a real node needs root: it makes namespaces, mounts and cgroups of its own; run this as root, or without --real-node")
	}
	if !mayMakeNamespaces() {
		return errors.New("a real node needs CAP_SYS_ADMIN and CAP_NET_ADMIN, which root has not in here: run this outside of the container, or without --real-node")
	}
	_ = os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	var missing, packages []string
	for _, need := range needs {
		if _, err := exec.LookPath(need[0]); err != nil {
			missing = append(missing, need[0])
			packages = append(packages, need[1])
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("a real node needs %s: apt-get install %s", strings.Join(missing, ", "), strings.Join(unique(packages), " "))
	}
	return nil
}

// mayMakeNamespaces says whether this root is one: within a container it often is not.
func mayMakeNamespaces() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	const needed = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN
	return data[0].Effective&needed == needed
}

// checkPrograms says which of a real node's programs were not built.
func checkPrograms(programs string) error {
	for _, program := range []string{"containerd", "containerd-shim-runc-v2", "coredns", "pause"} {
		if _, err := findProgram(programs, program); err != nil {
			return err
		}
	}
	return nil
}

// findProgram looks through the folders of --programs.
func findProgram(programs, name string) (string, error) {
	for _, folder := range filepath.SplitList(programs) {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("--programs=%s holds no %s; `cargo xtask cluster build --real-node` builds it", programs, name)
}

func unique(words []string) []string {
	var found []string
	for _, word := range words {
		if len(found) == 0 || found[len(found)-1] != word {
			found = append(found, word)
		}
	}
	return found
}

// ready is what callers are told of the node. Traefik may still be starting.
func (n *realNodeOf) ready(opts options) (*readyNode, error) {
	line := &readyNode{Pid: n.child.Process.Pid, Registry: n.registry, Proxy: n.proxy, Names: filepath.Join(opts.dir, "node/names.conf")}
	if opts.traefik {
		port, err := n.namespace.forwardTo(nodeAddress + ":80")
		if err != nil {
			return nil, err
		}
		line.HTTP = "127.0.0.1:" + port
	}
	return line, nil
}
