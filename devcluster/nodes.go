package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

//go:embed stages/*.yaml
var stages embed.FS

// simulated marks the nodes that KWOK plays.
const simulated = "devcluster.pinnace.dev/simulated"

// startNodes makes the node objects, KWOK which plays their kubelets, and the
// server that answers for the kubelets when somebody asks for logs.
func startNodes(ctx context.Context, family *family, plane *controlPlane, client *kubernetes.Clientset) error {
	files, err := fs.Glob(stages, "stages/*.yaml")
	if err != nil {
		return err
	}
	// A real node is nothing for KWOK.
	whose := "--manage-all-nodes"
	if plane.opts.realNode {
		whose = "--manage-nodes-with-label-selector=" + simulated
	}
	arguments := []string{
		"--kubeconfig=" + plane.kubeconfig(admin), whose, "--node-lease-duration-seconds=40", "--cidr=10.244.0.1/16",
		"--node-ip=127.0.0.1", "--node-port=" + plane.kubeletPort, "--server-address=127.0.0.1:" + plane.kwokPort,
	}
	for _, file := range files {
		text, err := stages.ReadFile(file)
		if err != nil {
			return err
		}
		path := plane.file(filepath.Base(file))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
		arguments = append(arguments, "--config="+path)
	}
	if err := serveKubelet(plane, client); err != nil {
		return err
	}
	for number := range plane.opts.nodes {
		name := fmt.Sprintf("node-%d", number)
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
			simulated:                     "",
			"topology.kubernetes.io/zone": fmt.Sprintf("zone-%d", number%3),
		}}}
		if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("making %s: %w", name, err)
		}
	}
	return family.run("kwok", arguments...)
}
