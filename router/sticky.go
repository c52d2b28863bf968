package router

import (
	"net/http"
	"strings"
)

// stickyCookie names the instance that has a client's session. Java servers keep sessions in memory and name theirs
// JSESSIONID; to a response that sets one the routers of 2012 added a cookie of their own.
const (
	stickyCookie  = "__VCAP_ID__"
	sessionCookie = "jsessionid"
)

// stick adds the sticky cookie to a response that starts a session.
func stick(res *http.Response, session string) {
	if session == "" {
		return
	}
	for _, c := range res.Header["Set-Cookie"] {
		if strings.Contains(strings.ToLower(c), sessionCookie) {
			res.Header.Add("Set-Cookie", stickyCookie+"="+session+"; Path=/")
			return
		}
	}
}

// sessionOf returns the instance that a request asks for, empty when it does not.
func sessionOf(r *http.Request) string {
	for _, line := range r.Header["Cookie"] {
		for cookie := range strings.SplitSeq(line, ";") {
			if session, ok := strings.CutPrefix(strings.TrimSpace(cookie), stickyCookie+"="); ok {
				return session
			}
		}
	}
	return ""
}
