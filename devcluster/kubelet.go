package main

import (
	"embed"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

//go:embed logs/*.log
var logs embed.FS

// serveKubelet answers "kubectl logs" for all nodes. KWOK can do so too, but
// chooses the text by the pod's name, and ours fail by their image's name.
func serveKubelet(plane *controlPlane, client *kubernetes.Clientset) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		pod, err := client.CoreV1().Pods(r.PathValue("namespace")).Get(r.Context(), r.PathValue("pod"), metav1.GetOptions{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		writeLogs(w, r, pod, r.PathValue("container"))
	})
	server := &http.Server{Addr: "127.0.0.1:" + plane.kubeletPort, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		err := server.ListenAndServeTLS(plane.keys.certificate, plane.keys.key)
		fmt.Fprintln(os.Stderr, "the server for logs ended:", err)
	}()
	return nil
}

// writeLogs refuses where a kubelet does: a container that never started has
// no logs, one that never restarted no previous ones.
func writeLogs(w http.ResponseWriter, r *http.Request, pod *corev1.Pod, container string) {
	query := r.URL.Query()
	previous := query.Get("previous") == "true"
	status := containerStatus(pod, container)
	switch {
	case status == nil:
		http.Error(w, fmt.Sprintf("container %q in pod %q is not available", container, pod.Name), http.StatusBadRequest)
		return
	case previous && status.LastTerminationState.Terminated == nil:
		http.Error(w, fmt.Sprintf("previous terminated container %q in pod %q not found", container, pod.Name), http.StatusBadRequest)
		return
	case !previous && status.State.Waiting != nil && status.LastTerminationState.Terminated == nil:
		http.Error(w, fmt.Sprintf("container %q in pod %q is waiting to start: %s", container, pod.Name, status.State.Waiting.Reason), http.StatusBadRequest)
		return
	}
	lines := logLines(status.Image + " " + pod.Annotations["devcluster.pinnace.dev/behaviour"])
	if count, err := strconv.Atoi(query.Get("tailLines")); err == nil {
		lines = lines[max(0, len(lines)-count):]
	}
	text := ""
	for _, line := range lines {
		if query.Get("timestamps") == "true" {
			text += time.Now().UTC().Format(time.RFC3339Nano) + " "
		}
		text += line + "\n"
	}
	if limit, err := strconv.Atoi(query.Get("limitBytes")); err == nil {
		text = text[:min(len(text), limit)]
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte(text))
	if flusher, ok := w.(http.Flusher); ok && query.Get("follow") == "true" && status.State.Running != nil {
		flusher.Flush()
		<-r.Context().Done()
	}
}

func containerStatus(pod *corev1.Pod, container string) *corev1.ContainerStatus {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for index := range list {
			if list[index].Name == container {
				return &list[index]
			}
		}
	}
	return nil
}

// logLines is the file named like the marker in the image's name.
func logLines(image string) []string {
	name := "default"
	entries, _ := logs.ReadDir("logs")
	for _, entry := range entries {
		if marker := strings.TrimSuffix(entry.Name(), ".log"); strings.Contains(image, marker) {
			name = marker
		}
	}
	text, _ := logs.ReadFile("logs/" + name + ".log")
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}
