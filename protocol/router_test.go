package protocol

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// deflated is what Ruby's Zlib::Deflate.deflate makes of a text, and Go's zlib too as far as a reader is concerned.
func deflated(tb testing.TB, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestActiveAppsAreReadAsTheRouterOf2012WroteThem(t *testing.T) {
	t.Parallel()
	// require "zlib"; [Zlib::Deflate.deflate('["sinatra",42]')].pack("m0")
	ruby, err := base64.StdEncoding.DecodeString("eJyLVirOzEssKUpU0jExigUAJBkEgQ==")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[ActiveApps](ruby)
	if err != nil || !slices.Equal(got, ActiveApps{"sinatra", "42"}) {
		t.Errorf("apps = %q, %v, want sinatra and 42", got, err)
	}
}

func TestActiveAppsSurviveTheWire(t *testing.T) {
	t.Parallel()
	for _, want := range []ActiveApps{nil, {}, {"a"}, {"a", `b"\é`, ""}} {
		payload, err := want.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode[ActiveApps](payload)
		if err != nil || !slices.Equal(got, want) || got == nil {
			t.Errorf("%q came back as %#v, %v", want, got, err)
		}
	}
}

func TestWhatIsNoListOfAppsIsRefused(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string][]byte{
		"plain JSON":     []byte(`["a"]`),
		"an object":      deflated(t, `{"a":1}`),
		"a list in one":  deflated(t, `[["a"]]`),
		"half a message": deflated(t, `["a","b","c"]`)[:8],
		"a bomb":         deflated(t, `["`+strings.Repeat("a", maxActiveApps)+`"]`),
	} {
		_, err := Decode[ActiveApps](payload)
		if err == nil {
			t.Errorf("%s was taken", name)
			continue
		}
		if text := Explain[ActiveApps](payload, err).Error(); strings.Contains(text, "not JSON") {
			t.Errorf("%s is called %q, which every such message is", name, text)
		}
	}
}
