package router

import (
	"maps"
	"net"
	"strconv"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// endpoint is a place where an app is served. It never changes: a new instance at the same place is a new endpoint.
type endpoint struct {
	addr    string            // host:port, exactly what is dialled
	app     protocol.ID       // may be empty
	session string            // the instance's private id, which sticky sessions go by; may be empty
	tags    map[string]string // what its requests are counted by, such as framework and runtime
	metrics []*metric         // of the tags
}

// endpointOf returns what a message registers, without its metrics. It fails for a message without a host and port that
// can be dialled. Ids that cannot stand in a header are left out: everything else works without them.
func endpointOf(m protocol.Route) (e *endpoint, ok bool) {
	addr, ok := addrOf(m)
	if !ok {
		return nil, false
	}
	e = &endpoint{addr: addr, tags: map[string]string{}}
	if len(m.App) <= maxName && only(string(m.App), isPrint) {
		e.app = m.App
	}
	if len(m.PrivateInstanceID) <= maxName && only(m.PrivateInstanceID, isCookieByte) {
		e.session = m.PrivateInstanceID
	}
	for key, value := range m.Tags {
		if value != nil {
			e.tags[key] = *value
		}
	}
	return e, true
}

// same reports whether other is the same instance at the same place.
func (e *endpoint) same(other *endpoint) bool {
	return e.addr == other.addr && e.app == other.app && e.session == other.session && maps.Equal(e.tags, other.tags)
}

// instance is the id that an app knows itself by; gorouter made do with the address where there is none.
func (e *endpoint) instance() string {
	if e.session == "" {
		return e.addr
	}
	return e.session
}

// addrOf returns the host:port of a message that names both, as it will be dialled: an IP address or a name as DNS has
// them, so that nothing in it can mean anything else.
func addrOf(m protocol.Route) (addr string, ok bool) {
	if m.Port == nil || *m.Port < 1 || *m.Port > 65535 {
		return "", false
	}
	host := strings.TrimSuffix(strings.TrimPrefix(m.Host, "["), "]")
	if net.ParseIP(host) == nil && !isHostname(host) {
		return "", false
	}
	return net.JoinHostPort(host, strconv.Itoa(int(*m.Port))), true
}

func isHostname(s string) bool {
	return s != "" && len(s) <= maxName && only(s, func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-._", c) >= 0 })
}

// isPrint reports whether c is ASCII that can be seen.
func isPrint(c byte) bool { return c > ' ' && c < 0x7f }

// isCookieByte reports whether c is harmless in the value of a cookie.
func isCookieByte(c byte) bool { return isPrint(c) && strings.IndexByte(`",;\`, c) < 0 }
