package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// keys are the files that the parts of a cluster prove themselves with.
type keys struct {
	ca, certificate, key   string
	client, clientKey      string
	account, accountPublic string
	caPEM                  []byte
}

func writeKeys(dir string) (*keys, error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	k := &keys{ca: at("ca.pem"), certificate: at("server.pem"), key: at("server.key"), client: at("client.pem"), clientKey: at("client.key"), account: at("account.key"), accountPublic: at("account.pub")}
	authority := &x509.Certificate{
		Subject: pkix.Name{CommonName: "devcluster CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	server := &x509.Certificate{
		Subject: pkix.Name{CommonName: "devcluster"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "kubernetes.default"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(nodeAddress), net.ParseIP(apiService)},
	}
	// What the API server shows to the kubelet.
	client := &x509.Certificate{
		Subject: pkix.Name{CommonName: "kube-apiserver"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for serial, certificate := range []*x509.Certificate{authority, server, client} {
		certificate.SerialNumber = big.NewInt(int64(serial + 1))
		certificate.NotBefore = time.Now().Add(-time.Hour)
		certificate.NotAfter = time.Now().AddDate(1, 0, 0)
	}
	authorityKey, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	serverKey, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	accountKey, err3 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	clientKey, err4 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	authorityDER, err1 := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	serverDER, err2 := x509.CreateCertificate(rand.Reader, server, authority, serverKey.Public(), authorityKey)
	publicDER, err3 := x509.MarshalPKIXPublicKey(accountKey.Public())
	clientDER, err4 := x509.CreateCertificate(rand.Reader, client, authority, clientKey.Public(), authorityKey)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	k.caPEM = encode("CERTIFICATE", authorityDER)
	return k, errors.Join(
		os.WriteFile(k.ca, k.caPEM, 0o600),
		os.WriteFile(k.certificate, bytes.Join([][]byte{encode("CERTIFICATE", serverDER), k.caPEM}, nil), 0o600),
		writeKey(k.key, serverKey),
		os.WriteFile(k.client, encode("CERTIFICATE", clientDER), 0o600),
		writeKey(k.clientKey, clientKey),
		writeKey(k.account, accountKey),
		os.WriteFile(k.accountPublic, encode("PUBLIC KEY", publicDER), 0o600),
	)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, encode("EC PRIVATE KEY", der), 0o600)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// clientTrusting trusts one CA and nobody else.
func clientTrusting(ca string) *http.Client {
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(ca)
	pool.AppendCertsFromPEM(text)
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}
