package router

import (
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
)

func TestOnlyWhatCanBeDialledIsTakenFromAMessage(t *testing.T) {
	t.Parallel()
	port := func(n int) *protocol.Int { i := protocol.Int(n); return &i }
	for name, c := range map[string]struct {
		m    protocol.Route
		want string
	}{
		"an address":                  {protocol.Route{Host: "127.0.0.1", Port: port(80)}, "127.0.0.1:80"},
		"a name":                      {protocol.Route{Host: "dea-1.example", Port: port(80)}, "dea-1.example:80"},
		"IPv6":                        {protocol.Route{Host: "::1", Port: port(80)}, "[::1]:80"},
		"IPv6 in brackets":            {protocol.Route{Host: "[::1]", Port: port(80)}, "[::1]:80"},
		"no port":                     {protocol.Route{Host: "127.0.0.1"}, ""},
		"port 0":                      {protocol.Route{Host: "127.0.0.1", Port: port(0)}, ""},
		"port 65536":                  {protocol.Route{Host: "127.0.0.1", Port: port(65536)}, ""},
		"no host":                     {protocol.Route{Port: port(80)}, ""},
		"a host with a port":          {protocol.Route{Host: "127.0.0.1:22", Port: port(80)}, ""},
		"a host with a user":          {protocol.Route{Host: "a@b", Port: port(80)}, ""},
		"a host with a path":          {protocol.Route{Host: "a/b", Port: port(80)}, ""},
		"a host with a line break":    {protocol.Route{Host: "a\r\nb", Port: port(80)}, ""},
		"an interface":                {protocol.Route{Host: "fe80::1%eth0", Port: port(80)}, ""},
		"a host that is far too long": {protocol.Route{Host: strings.Repeat("a", 256), Port: port(80)}, ""},
	} {
		if got, _ := addrOf(c.m); got != c.want {
			t.Errorf("%s: dials %q, want %q", name, got, c.want)
		}
	}
}

// Ids end up in headers and cookies, where a line break or a semicolon would begin something else.
func TestIDsThatCannotStandInAHeaderAreLeftOut(t *testing.T) {
	t.Parallel()
	port := protocol.Int(80)
	for name, c := range map[string]struct{ app, session, wantApp, wantSession string }{
		"ordinary":         {"sinatra", strings.Repeat("0123456789abcdef", 4), "sinatra", strings.Repeat("0123456789abcdef", 4)},
		"none":             {"", "", "", ""},
		"line breaks":      {"a\r\nX-Admin: yes", "a\nb", "", ""},
		"a cookie's end":   {"a;b", "a; Domain=example.com", "a;b", ""},
		"not ASCII":        {"é", "é", "", ""},
		"far too long":     {strings.Repeat("a", 256), strings.Repeat("a", 256), "", ""},
		"quotes and slash": {`"a"`, `"a\`, `"a"`, ""},
	} {
		e, ok := endpointOf(protocol.Route{Host: "127.0.0.1", Port: &port, App: protocol.ID(c.app), PrivateInstanceID: c.session})
		if !ok || string(e.app) != c.wantApp || e.session != c.wantSession {
			t.Errorf("%s: endpoint = %+v, want app %q and session %q", name, e, c.wantApp, c.wantSession)
		}
	}
}

func TestTagsWithoutAValueAreNone(t *testing.T) {
	t.Parallel()
	port, sinatra := protocol.Int(80), "sinatra"
	e, _ := endpointOf(protocol.Route{Host: "h", Port: &port, Tags: map[string]*string{"framework": &sinatra, "runtime": nil}})
	if len(e.tags) != 1 || e.tags["framework"] != "sinatra" {
		t.Errorf("tags = %v, want the framework alone", e.tags)
	}
}
