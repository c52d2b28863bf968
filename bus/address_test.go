package bus_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/minicf/minicf/bus"
)

// The bus may be anybody's NATS: each way to get in works, and a wrong word does not.
func TestBusIsReachedTheWayItsURLSays(t *testing.T) {
	t.Parallel()
	seed, public := newNkey(t)
	ca, certificate := newCertificate(t)
	token := &server.Options{Authorization: "s3cret"}
	for name, tt := range map[string]struct {
		server    *server.Options
		good, bad func(*url.URL)
	}{
		"user and password": {
			&server.Options{Username: "me", Password: "it's $5 & more"},
			func(u *url.URL) { u.User = url.UserPassword("me", "it's $5 & more") },
			func(u *url.URL) { u.User = url.UserPassword("me", "wrong") },
		},
		"token": {token, func(u *url.URL) { u.User = url.User("s3cret") }, func(u *url.URL) { u.User = url.User("wrong") }},
		"nkey": {
			&server.Options{Nkeys: []*server.NkeyUser{{Nkey: public}}},
			func(u *url.URL) { u.RawQuery = url.Values{"nkey": {seed}}.Encode() },
			func(*url.URL) {},
		},
		"TLS": {
			&server.Options{TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}},
			func(u *url.URL) { u.Scheme, u.RawQuery = "tls", url.Values{"ca": {ca}}.Encode() },
			func(u *url.URL) { u.Scheme = "tls" }, // by nobody we know
		},
	} {
		where, err := url.Parse(foreign(t, tt.server))
		if err != nil {
			t.Fatal(err)
		}
		if where.Scheme, where.User = "nats", nil; where.Host == "" {
			t.Fatalf("%s: no host", name)
		}
		good, bad := *where, *where
		tt.good(&good)
		tt.bad(&bad)
		b := bus.New(bus.Options{URL: good.String(), Once: true})
		if err := b.Open(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = b.Close()
		refused := bus.New(bus.Options{URL: bad.String(), Once: true})
		if err := refused.Open(); err == nil {
			t.Errorf("%s: a wrong one was let in", name)
			_ = refused.Close()
		}
	}
}

func TestUnknownWayToGetInIsNamed(t *testing.T) {
	t.Parallel()
	for query, says := range map[string]string{"magic=1": "magic", "nkey=/nowhere": "nkey"} {
		err := bus.New(bus.Options{URL: "nats://127.0.0.1:4222?" + query}).Open()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error = %v, want one that names it", query, err)
		}
	}
}

func TestSecretsOfAURLAreHidden(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"nats://127.0.0.1:4222":                      "nats://127.0.0.1:4222",
		"nats://me:secret@a:1,nats://token@b:2":      "nats://me:xxxxx@a:1,nats://xxxxx@b:2",
		"tls://token@a:1?ca=/etc/ca.pem&nkey=/my.nk": "tls://xxxxx@a:1?ca=/etc/ca.pem&nkey=/my.nk",
	} {
		if got := bus.RedactURL(raw); got != want {
			t.Errorf("%s is shown as %s, want %s", raw, got, want)
		}
	}
}

// newNkey returns a file with a seed, and the public key that belongs to it.
func newNkey(t *testing.T) (file, public string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = pair.PublicKey(); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "user.nk")
	if err := os.WriteFile(file, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, public
}

// newCertificate returns one for 127.0.0.1, and a file with what has signed it: itself.
func newCertificate(t *testing.T) (caFile string, certificate tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bus"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return caFile, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
