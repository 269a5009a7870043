package main

import (
	"context"
	"embed"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

//go:embed node/*
var nodeFiles embed.FS

// node runs the parts of the real node, within its namespaces.
func node(args []string) error {
	opts, err := parseNode("node", args)
	if err != nil {
		return err
	}
	// A caller that ends takes the whole namespace with it.
	general := options{dir: opts.dir, background: true, timeout: time.Minute}
	return raise(general, func(ctx context.Context, family *family) (any, error) {
		return "the parts run", startParts(ctx, family, opts)
	})
}

func startParts(ctx context.Context, family *family, opts nodeOptions) error {
	if err := os.Setenv("PATH", opts.programs+":"+os.Getenv("PATH")); err != nil {
		return err
	}
	if err := writeNodeFiles(opts); err != nil {
		return err
	}
	family.programs = opts.programs
	if err := family.run("containerd", "--config", opts.file("containerd.toml")); err != nil {
		return err
	}
	if err := await(ctx, family, "containerd answers", func() bool { return listens("unix", "/run/containerd/containerd.sock") }); err != nil {
		return err
	}
	if err := await(ctx, family, "the API server can be reached", func() bool { return listens("tcp4", opts.server) }); err != nil {
		return err
	}
	if err := family.run("coredns", "-conf", opts.file("Corefile"), "-quiet"); err != nil {
		return err
	}
	if err := family.run("kube-proxy", "--config="+opts.file("kube-proxy.yaml"), "--hostname-override="+realNode); err != nil {
		return err
	}
	if err := family.run("kubelet", "--config="+opts.file("kubelet.yaml"), "--kubeconfig="+opts.kubeconfig(kubeletUser),
		"--hostname-override="+realNode, "--node-ip="+nodeAddress); err != nil {
		return err
	}
	if !opts.traefik {
		return nil
	}
	// It takes no flag for this.
	if err := os.Setenv("KUBECONFIG", opts.kubeconfig(traefikUser)); err != nil {
		return err
	}
	return family.run("traefik", "--configFile="+opts.file("traefik.yaml"))
}

func listens(network, address string) bool {
	connection, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

func (o nodeOptions) file(name string) string { return filepath.Join(o.dir, name) }

func (o nodeOptions) kubeconfig(user string) string {
	return filepath.Join(o.cluster, kubeconfigs[user])
}

// writeNodeFiles fills in the files of node/: one that is named with __ lies in
// a folder.
func writeNodeFiles(opts nodeOptions) error {
	parsed, err := template.ParseFS(nodeFiles, "node/*")
	if err != nil {
		return err
	}
	values := map[string]string{
		"Dir": opts.dir, "CA": filepath.Join(opts.cluster, "ca.pem"), "Address": nodeAddress, "Pods": podRange, "Mirror": mirrorAddress, "Pause": pauseImage,
		"ProxyConfig": opts.kubeconfig(proxyUser), "DNSConfig": opts.kubeconfig(dnsUser),
	}
	for _, one := range parsed.Templates() {
		path := opts.file(strings.ReplaceAll(one.Name(), "__", "/"))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := one.Execute(file, values); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// nodeBinding gives kubelets what the Node authorizer would: this cluster has
// one real node, and no need to part it from others.
func nodeBinding() *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "devcluster:nodes"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:node"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: "system:nodes"}},
	}
}
