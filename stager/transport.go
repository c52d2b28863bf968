package stager

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	connectTimeout = 5 * time.Second
	// stallLimit ends a transfer in which not a byte moves for so long.
	stallLimit = 30 * time.Second
	// idleTimeout is how long a connection waits for the next task. Servers give up on idle connections after 5 s and more; a
	// POST that meets such an end fails.
	idleTimeout = 3 * time.Second
	// maxAnswer is the longest answer, in bytes, that is read only to use its connection again.
	maxAnswer = 64 << 10
)

// newTransport returns the HTTP client side of as many workers. The proxies of the environment are not for it: the
// controller is next door, and in 2012 curl was started with http_proxy emptied.
func newTransport(workers int) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConnsPerHost:    workers,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // an app is what the server stores, not what it means
	}
}

// newRequest returns a request without a body. The user and the password in the URI become Basic auth, literally: curl was
// given them as they stood there, so %40 is three characters.
func newRequest(ctx context.Context, method, uri string) (*http.Request, error) {
	plain, userinfo, hasUser := cutUserinfo(uri)
	u, err := url.Parse(plain)
	if err != nil {
		return nil, errors.New("the URI is malformed: " + withoutURL(err).Error())
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the URI has the scheme %.40q, want http or https", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the URI names no host")
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Accept", "*/*")
	req.Header.Set("User-Agent", "minicf")
	if hasUser {
		if !strings.Contains(userinfo, ":") {
			userinfo += ":"
		}
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(userinfo)))
	}
	return req, nil
}

// cutUserinfo splits "http://user:password@host/path" into "http://host/path" and "user:password".
func cutUserinfo(uri string) (plain, userinfo string, ok bool) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return uri, "", false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return uri, "", false
	}
	return scheme + "://" + rest[at+1:], rest[:at], true
}

// withoutURL takes the URL, which may hold something secret, out of the errors of net/url.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// succeeded checks a status. Redirects count as failures: curl was not told to follow them, and took them for a success of which
// nothing came.
func succeeded(res *http.Response) error {
	switch code := res.StatusCode; {
	case code < 300:
		return nil
	case code < 400:
		return fmt.Errorf("%d %s: redirects are not followed", code, http.StatusText(code))
	case http.StatusText(code) == "":
		return fmt.Errorf("status %d", code)
	default:
		return fmt.Errorf("%d %s", code, http.StatusText(code))
	}
}

// discard reads an answer that nobody needs, where that keeps the connection usable. A long one is cut off by closing it.
func discard(res *http.Response, dog *watchdog) {
	dog.kick()
	if res.ContentLength >= 0 && res.ContentLength <= maxAnswer {
		_, _ = io.Copy(io.Discard, dog.watch(res.Body)) // an answer that breaks off changes nothing
	}
}
