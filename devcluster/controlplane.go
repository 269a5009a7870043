package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// controlPlane is where the parts of one cluster find each other.
type controlPlane struct {
	opts                                            options
	etcdPort, peerPort, port, kubeletPort, kwokPort string
	keys                                            *keys
	adminToken                                      string
}

const (
	admin             = "admin"
	controllerManager = "system:kube-controller-manager"
	kubeScheduler     = "system:kube-scheduler"
	kubeletUser       = "system:node:" + realNode
	proxyUser         = "system:kube-proxy"
	dnsUser           = "devcluster:dns"
	traefikUser       = "devcluster:traefik"
)

// kubeconfigs are the files that the parts are told about the API server with.
var kubeconfigs = map[string]string{
	admin:             "kubeconfig",
	controllerManager: "controller-manager.kubeconfig",
	kubeScheduler:     "scheduler.kubeconfig",
	kubeletUser:       "kubelet.kubeconfig",
	proxyUser:         "kube-proxy.kubeconfig",
	dnsUser:           "coredns.kubeconfig",
	traefikUser:       "traefik.kubeconfig",
}

// userGroups are those of users who need more than their name gives them.
var userGroups = map[string]string{admin: "system:masters", dnsUser: "system:masters", traefikUser: "system:masters", kubeletUser: "system:nodes"}

func newControlPlane(opts options, ports []string) (*controlPlane, error) {
	plane := &controlPlane{opts: opts, etcdPort: ports[0], peerPort: ports[1], port: ports[2], kubeletPort: ports[3], kwokPort: ports[4]}
	var err error
	if plane.keys, err = writeKeys(opts.dir); err != nil {
		return nil, err
	}
	tokens := ""
	for _, user := range slices.Sorted(maps.Keys(kubeconfigs)) {
		token := randomToken()
		if user == admin {
			plane.adminToken = token
		}
		tokens += fmt.Sprintf("%s,%s,%s,%s\n", token, user, user, userGroups[user])
		if err := plane.writeKubeconfig(user, token); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(plane.file("tokens.csv"), []byte(tokens), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(plane.file("egress.yaml"), []byte(egressConfig(plane.file(egressSocket))), 0o600); err != nil {
		return nil, err
	}
	return plane, os.WriteFile(plane.file("audit-policy.yaml"), []byte(auditPolicy), 0o600)
}

// auditPolicy leaves out what the cluster's own parts do.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: None
  userGroups: ["system:nodes", "system:serviceaccounts:kube-system"]
- level: None
  users: ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver", "system:kube-proxy", "devcluster:dns", "devcluster:traefik"]
- level: Metadata
`

func (p *controlPlane) file(name string) string { return filepath.Join(p.opts.dir, name) }

func (p *controlPlane) server() string { return "https://127.0.0.1:" + p.port }

func (p *controlPlane) kubeconfig(user string) string {
	return p.file(kubeconfigs[user])
}

func (p *controlPlane) ready() ready {
	line := ready{Kubeconfig: p.kubeconfig(admin), Server: p.server(), Token: p.adminToken, CA: p.keys.ca, Pid: os.Getpid()}
	if p.opts.audit {
		line.Audit = p.file("audit.log")
	}
	return line
}

func (p *controlPlane) etcd() []string {
	client := "http://127.0.0.1:" + p.etcdPort
	peer := "http://127.0.0.1:" + p.peerPort
	return []string{
		"--name=etcd", "--data-dir=" + p.file("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=etcd=" + peer,
		"--quota-backend-bytes=4294967296", "--auto-compaction-retention=5m", "--log-level=warn",
	}
}

func (p *controlPlane) apiserver() []string {
	arguments := []string{
		"--etcd-servers=http://127.0.0.1:" + p.etcdPort,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=" + p.port, "--endpoint-reconciler-type=none",
		"--tls-cert-file=" + p.keys.certificate, "--tls-private-key-file=" + p.keys.key,
		"--token-auth-file=" + p.file("tokens.csv"), "--authorization-mode=RBAC", "--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.keys.accountPublic, "--service-account-signing-key-file=" + p.keys.account,
		"--service-cluster-ip-range=" + serviceRange, "--kubelet-preferred-address-types=InternalIP",
		"--max-requests-inflight=4000", "--max-mutating-requests-inflight=2000", "--profiling=false",
	}
	if p.opts.realNode {
		arguments = append(arguments, "--egress-selector-config-file="+p.file("egress.yaml"),
			"--kubelet-client-certificate="+p.keys.client, "--kubelet-client-key="+p.keys.clientKey)
	}
	if p.opts.audit {
		arguments = append(arguments, "--audit-policy-file="+p.file("audit-policy.yaml"), "--audit-log-path="+p.file("audit.log"), "--audit-log-mode=blocking")
	}
	return arguments
}

func (p *controlPlane) controllerManager() []string {
	return []string{
		"--kubeconfig=" + p.kubeconfig(controllerManager), "--secure-port=0", "--leader-elect=false",
		"--service-account-private-key-file=" + p.keys.account, "--root-ca-file=" + p.keys.ca, "--use-service-account-credentials",
		"--kube-api-qps=4000", "--kube-api-burst=4000", "--profiling=false",
		"--concurrent-deployment-syncs=16", "--concurrent-replicaset-syncs=16", "--concurrent-statefulset-syncs=16",
		"--concurrent-endpoint-syncs=8", "--concurrent-service-endpoint-syncs=8", "--concurrent-namespace-syncs=16", "--concurrent-gc-syncs=30",
		// A busy machine delays heartbeats; that is never what a test is about.
		"--node-monitor-grace-period=10m",
	}
}

func (p *controlPlane) scheduler() []string {
	return []string{
		"--kubeconfig=" + p.kubeconfig(kubeScheduler), "--secure-port=0", "--leader-elect=false",
		"--kube-api-qps=4000", "--kube-api-burst=4000", "--profiling=false",
	}
}

func (p *controlPlane) writeKubeconfig(user, token string) error {
	config := api.NewConfig()
	config.Clusters["devcluster"] = &api.Cluster{Server: p.server(), CertificateAuthorityData: p.keys.caPEM}
	config.AuthInfos[user] = &api.AuthInfo{Token: token}
	config.Contexts["devcluster"] = &api.Context{Cluster: "devcluster", AuthInfo: user}
	config.CurrentContext = "devcluster"
	return clientcmd.WriteToFile(*config, p.kubeconfig(user))
}

func (p *controlPlane) awaitServer(ctx context.Context, family *family) (*kubernetes.Clientset, error) {
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: p.server(), BearerToken: p.adminToken, QPS: 1000, Burst: 1000,
		TLSClientConfig: rest.TLSClientConfig{CAData: p.keys.caPEM},
	})
	if err != nil {
		return nil, err
	}
	return client, await(ctx, family, "the API server is ready", func() bool {
		_, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil
	})
}

// awaitCluster waits until pods can be made: their service account is there
// and the nodes take them.
func awaitCluster(ctx context.Context, family *family, client *kubernetes.Clientset, nodes int) error {
	return await(ctx, family, "the nodes are ready", func() bool {
		if _, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{}); err != nil {
			return false
		}
		list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) < nodes {
			return false
		}
		for _, node := range list.Items {
			if len(node.Spec.Taints) > 0 || !nodeReady(node) {
				return false
			}
		}
		return true
	})
}

func nodeReady(node corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func await(ctx context.Context, family *family, what string, done func() bool) error {
	for !done() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case err := <-family.ended:
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func randomToken() string {
	var bytes [16]byte
	_, _ = rand.Read(bytes[:])
	return hex.EncodeToString(bytes[:])
}
