// Command devcluster is a whole Kubernetes cluster, and an image registry, as
// one binary.
//
// It is called by the name of a part (a link named kube-apiserver is the API
// server), or as "devcluster <part> ...". Parts of our own: "supervise" runs all others
// as one cluster and "serve-registry" a registry, and both end with their
// caller; "push-image" makes an image of a folder; "node-init", "node" and
// "sweep" belong to the real node.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
	"sigs.k8s.io/kwok/pkg/config"
	kwokcmd "sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

var parts = map[string]func() error{
	"check-node":              func() error { return checkMachine() },
	"etcd":                    func() error { etcdmain.Main(os.Args); return nil },
	"kube-apiserver":          func() error { return component(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() error { return component(controllermanager.NewControllerManagerCommand()) },
	"kube-proxy":              func() error { return component(kubeproxy.NewProxyCommand()) },
	"kube-scheduler":          func() error { return component(scheduler.NewSchedulerCommand()) },
	"kubelet":                 func() error { return component(kubelet.NewKubeletCommand(context.Background())) },
	"kwok":                    kwok,
	"node":                    func() error { return node(os.Args[1:]) },
	"node-init":               func() error { return nodeInit(os.Args[1:]) },
	"push-image":              func() error { return pushImage(os.Args[1:]) },
	"registry":                func() error { forgetFlags(); return registry.RootCmd.Execute() },
	"serve-registry":          func() error { return serveRegistry(os.Args[1:]) },
	"supervise":               func() error { return supervise(os.Args[1:]) },
	"sweep":                   func() error { return sweep(os.Args[1:]) },
}

func main() {
	name := filepath.Base(os.Args[0])
	if parts[name] == nil && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	part := parts[name]
	if part == nil {
		names := slices.Sorted(maps.Keys(parts))
		fmt.Fprintf(os.Stderr, "usage: devcluster <part> [arguments], where <part> is one of %v\n", names)
		os.Exit(2)
	}
	if err := part(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func component(command *cobra.Command) error {
	os.Exit(cli.Run(command))
	return nil
}

// forgetFlags drops what Kubernetes' packages put among the flags of every
// program that they are linked into.
func forgetFlags() {
	pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ContinueOnError)
}

func kwok() error {
	forgetFlags()
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := log.InitFlags(signals.SetupSignalContext(), flags)
	ctx, err := config.InitFlags(ctx, flags)
	if err != nil {
		return err
	}
	command := kwokcmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}
