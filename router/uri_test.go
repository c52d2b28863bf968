package router

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestHostIsLookedUpWithoutPortCaseAndFinalDot(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"hello.localhost":       "hello.localhost",
		"HELLO.LocalHost":       "hello.localhost",
		"hello.localhost:8080":  "hello.localhost",
		"hello.localhost.":      "hello.localhost",
		"hello.localhost.:8080": "hello.localhost",
		"hello.localhost:":      "hello.localhost",
		"127.0.0.1:8080":        "127.0.0.1",
		"[::1]:8080":            "[::1]",
		"[::1]":                 "[::1]",
		"::1":                   "::1",
		"hello:port":            "hello:port",
		"":                      "",
	} {
		if got := uriKey(host); got != want {
			t.Errorf("uriKey(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestURIsThatNoHostHeaderCanBeAreSetApart(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	keys, unusable := keysOf([]string{
		"A.vcap.me", "a.vcap.me", "a.vcap.me.", "a.vcap.me:80", "*.vcap.me", "b_c.vcap.me", "[::1]",
		"", " ", "b c", "d\x00", "é.vcap.me", long, "a.vcap.me/path", "http://a.vcap.me", `a"b`, "a@b", ":80",
	})
	if want := []string{"a.vcap.me", "*.vcap.me", "b_c.vcap.me", "[::1]"}; !slices.Equal(keys, want) {
		t.Errorf("keys = %q, want %q", keys, want)
	}
	if want := []string{"", " ", "b c", "d\x00", "é.vcap.me", long, "a.vcap.me/path", "http://a.vcap.me", `a"b`, "a@b", ":80"}; !slices.Equal(unusable, want) {
		t.Errorf("unusable = %q, want %q", unusable, want)
	}
}

// A message has room for so many that telling each from each would take minutes.
func TestMessageFullOfURIsIsCutShort(t *testing.T) {
	t.Parallel()
	var uris []string
	for i := range 150_000 {
		uris = append(uris, fmt.Sprintf("%x", i))
	}
	keys, unusable := keysOf(uris)
	if len(keys) != maxURIs || len(unusable) != len(uris)-maxURIs {
		t.Errorf("%d keys, %d unusable, want %d keys", len(keys), len(unusable), maxURIs)
	}
}

func FuzzKeys(f *testing.F) {
	for _, seed := range []string{"hello.localhost", "HELLO.localhost.:8080", "[::1]:80", "::", ".", ":", "a:b:c", "İ.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		keys, unusable := keysOf([]string{uri})
		if len(keys)+len(unusable) != 1 {
			t.Fatalf("%q became %q and %q", uri, keys, unusable)
		}
		for _, key := range keys {
			if key != strings.ToLower(key) || len(key) > maxName || !only(key, isHostByte) {
				t.Errorf("%q has the key %q", uri, key)
			}
		}
	})
}
