package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

const (
	storageClass = "local"
	provisioner  = "devcluster.pinnace.dev/local"
	selectedNode = "volume.kubernetes.io/selected-node"
)

// startProvisioner makes "local" the default class of volumes: a claim gets a
// folder of the cluster's on the node that its first pod is placed on. The
// folder goes with the claim.
func startProvisioner(ctx context.Context, plane *controlPlane, client *kubernetes.Clientset) error {
	class := &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: storageClass, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner:       provisioner,
		ReclaimPolicy:     ptr.To(corev1.PersistentVolumeReclaimDelete),
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
	}
	if _, err := client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("making the class of volumes: %w", err)
	}
	volumes := &volumes{client: client, folder: plane.file("volumes"), stop: make(chan struct{})}
	factory := informers.NewSharedInformerFactory(client, 30*time.Second)
	_, err := factory.Core().V1().PersistentVolumeClaims().Informer().AddEventHandler(handler(volumes.provide))
	if err != nil {
		return err
	}
	if _, err := factory.Core().V1().PersistentVolumes().Informer().AddEventHandler(handler(volumes.remove)); err != nil {
		return err
	}
	factory.Start(volumes.stop)
	return nil
}

// handler calls back for each object that is new, changed, or looked at again.
func handler[T any](changed func(T) error) cache.ResourceEventHandler {
	call := func(object any) {
		if typed, ok := object.(T); ok {
			if err := changed(typed); err != nil {
				fmt.Fprintln(os.Stderr, "a volume waits:", err)
			}
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: call, UpdateFunc: func(_, object any) { call(object) }}
}

type volumes struct {
	client *kubernetes.Clientset
	folder string
	stop   chan struct{}
}

// provide makes the volume of a claim whose pod has been placed.
func (v *volumes) provide(claim *corev1.PersistentVolumeClaim) error {
	node := claim.Annotations[selectedNode]
	if claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || node == "" || ptr.Deref(claim.Spec.StorageClassName, "") != storageClass {
		return nil
	}
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(v.folder, name)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	// Whoever the pod runs as may write, whatever our umask is.
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			StorageClassName:              storageClass,
			VolumeMode:                    claim.Spec.VolumeMode,
			ClaimRef: &corev1.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
			}}}},
		},
	}
	_, err := v.client.CoreV1().PersistentVolumes().Create(context.Background(), volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// remove takes away the folder of a volume whose claim is gone.
func (v *volumes) remove(volume *corev1.PersistentVolume) error {
	ours := volume.Annotations["pv.kubernetes.io/provisioned-by"] == provisioner
	released := volume.Status.Phase == corev1.VolumeReleased && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
	if !ours || !released || volume.DeletionTimestamp != nil {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(v.folder, volume.Name)); err != nil {
		return err
	}
	err := v.client.CoreV1().PersistentVolumes().Delete(context.Background(), volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
