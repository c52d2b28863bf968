package controller

import (
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/controller/uaa"
)

// refuseForeignPages keeps web pages of others from uploading what a DEA would then run: a browser sends their forms to
// any address, this one too. Programs are no browsers and pass.
func (c *Controller) refuseForeignPages(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(c.answer(func(http.ResponseWriter, *http.Request) error {
		return failure{http.StatusForbidden, 200, "Operation not permitted: the request comes from a page of another site"}
	}))
	return guard.Handler(next)
}

// refuseForeignHosts keeps a web page from pretending that this is its own site: its name first leads to its own server, and then here (DNS
// rebinding). The browser still names that site as the host. Who comes by an address, or by a name of this machine, passes.
func (c *Controller) refuseForeignHosts(next http.Handler) http.Handler {
	own, _ := os.Hostname() // without one there is a name less
	foreign := c.answer(func(http.ResponseWriter, *http.Request) error {
		return failure{http.StatusForbidden, 200, "Operation not permitted: that is no name of this machine; use its address"}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOf(r.Host)
		switch {
		case net.ParseIP(host) != nil, host == "localhost", strings.HasSuffix(host, ".localhost"), host == strings.ToLower(c.cfg.Host), host == strings.ToLower(own):
			next.ServeHTTP(w, r)
		default:
			foreign(w, r)
		}
	})
}

// hostOf is the name in a Host header, without port and brackets, in small letters.
func hostOf(header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.Trim(header, "[]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// checkExposure refuses to let others in with a password that everybody knows.
func checkExposure(host string, users uaa.Config) error {
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	if name := users.WellKnown(); name != "" {
		return config.Invalid("host", "%s is not loopback, and everybody knows the password of %s: give users passwords of their own in config/users.yml first", host, name)
	}
	return nil
}
