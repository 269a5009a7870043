package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

// descriptor names a blob of an image.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// pushImage makes an image of a folder and pushes it. It prints the digest.
func pushImage(args []string) error {
	var name, root, config string
	flags := flag.NewFlagSet("push-image", flag.ContinueOnError)
	flags.StringVar(&name, "name", "", "registry/repository:tag")
	flags.StringVar(&root, "root", "", "the folder that is the image's root")
	flags.StringVar(&config, "config", "{}", "the image's settings as OCI's JSON has them: Entrypoint, Cmd, Env, User, ...")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if name == "" || root == "" {
		return errors.New("--name and --root are needed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	digest, err := pushFolder(ctx, name, root, json.RawMessage(config))
	if err != nil {
		return fmt.Errorf("pushing %s: %w", name, err)
	}
	_, err = fmt.Println(digest)
	return err
}

// pushPause pushes the image that holds a pod's network.
func pushPause(ctx context.Context, programs, registry string) error {
	root, err := os.MkdirTemp("", "pause-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	path, err := findProgram(programs, "pause")
	if err != nil {
		return err
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "pause"), program, 0o755); err != nil {
		return err
	}
	_, repository, _ := strings.Cut(pauseImage, "/")
	_, err = pushFolder(ctx, registry+"/"+repository, root, json.RawMessage(`{"Entrypoint":["/pause"],"User":"65535:65535"}`))
	return err
}

// pushFolder pushes an image of one layer. The same files make the same digest.
func pushFolder(ctx context.Context, name, root string, settings json.RawMessage) (string, error) {
	address, rest, _ := strings.Cut(name, "/")
	repository, tag, found := strings.Cut(rest, ":")
	if !found {
		return "", fmt.Errorf("%q names no registry, repository and tag", name)
	}
	base := "http://" + address + "/v2/" + repository
	archive, err := os.CreateTemp("", "layer-")
	if err != nil {
		return "", err
	}
	defer os.Remove(archive.Name())
	defer archive.Close()
	hash := sha256.New()
	if err := writeLayer(io.MultiWriter(archive, hash), root); err != nil {
		return "", err
	}
	size, err := archive.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", err
	}
	layer := descriptor{layerType, "sha256:" + hex.EncodeToString(hash.Sum(nil)), size}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if err := pushBlob(ctx, base, layer, archive); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "config": settings,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.Digest}},
	})
	if err != nil {
		return "", err
	}
	config := descriptor{configType, digestOf(text), int64(len(text))}
	if err := pushBlob(ctx, base, config, bytes.NewReader(text)); err != nil {
		return "", err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []descriptor{layer},
	})
	if err != nil {
		return "", err
	}
	return digestOf(manifest), send(ctx, http.MethodPut, base+"/manifests/"+tag, manifestType, bytes.NewReader(manifest), int64(len(manifest)), nil)
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// writeLayer writes a folder as a layer: everything belongs to root and has no
// time, so that only names, modes and content count.
func writeLayer(to io.Writer, root string) error {
	archive := tar.NewWriter(to)
	// WalkDir goes by name: the order is always the same.
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if target, err = os.Readlink(path); err != nil {
				return err
			}
		} else if !info.Mode().IsRegular() && !info.IsDir() {
			return nil
		}
		header, err := tar.FileInfoHeader(info, target)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		header = &tar.Header{Typeflag: header.Typeflag, Name: name, Linkname: target, Mode: header.Mode, Size: header.Size, Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(archive, file)
		return err
	})
	return errors.Join(err, archive.Close())
}

func pushBlob(ctx context.Context, base string, blob descriptor, content io.Reader) error {
	if send(ctx, http.MethodHead, base+"/blobs/"+blob.Digest, "", nil, 0, nil) == nil {
		return nil
	}
	var place string
	if err := send(ctx, http.MethodPost, base+"/blobs/uploads/", "", nil, 0, &place); err != nil {
		return err
	}
	address, err := url.Parse(place)
	if err != nil {
		return err
	}
	query := address.Query()
	query.Set("digest", blob.Digest)
	address.RawQuery = query.Encode()
	return send(ctx, http.MethodPut, address.String(), "application/octet-stream", content, blob.Size, nil)
}

// send makes one request; where place is given, it becomes the answer's Location.
func send(ctx context.Context, method, address, mediaType string, content io.Reader, size int64, place *string) error {
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return err
	}
	request.ContentLength = size
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", method, address, response.Status, said)
	}
	if place != nil {
		location, err := response.Location()
		if err != nil {
			return err
		}
		*place = location.String()
	}
	return nil
}
