package router

import "strings"

const (
	// maxName is the longest host name or URI that DNS, and so a Host header, can mean.
	maxName = 255
	// maxURIs is how many URIs of one message are looked at; a message has room for some 100,000, an app has a few.
	maxURIs = 1000
)

// uriKey is what a URI, or the Host header of a request, is looked up by: without :port and the dot that ends a full
// DNS name, in lower case. (Router 0.98 kept the port, so that only port 80 worked; gorouter cut it off.)
func uriKey(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && isPort(host[i+1:]) && !strings.HasSuffix(host[:i], ":") {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func isPort(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) <= 5
}

// keysOf returns the keys of the URIs of a message, without doubles, and apart from them the URIs that no request can ever ask for.
func keysOf(uris []string) (keys, unusable []string) {
	if len(uris) > maxURIs {
		uris, unusable = uris[:maxURIs], append(unusable, uris[maxURIs:]...)
	}
	seen := map[string]bool{}
	for _, uri := range uris {
		key := uriKey(uri)
		switch {
		case key == "" || len(key) > maxName || !only(key, isHostByte):
			unusable = append(unusable, uri)
		case !seen[key]:
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys, unusable
}

// isHostByte reports whether net/http lets c through in a Host header.
func isHostByte(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!$%&'()*+,-.:;=[]_~", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// only reports whether s consists of such bytes.
func only(s string, is func(byte) bool) bool {
	for _, c := range []byte(s) {
		if !is(c) {
			return false
		}
	}
	return true
}
