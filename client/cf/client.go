// Package cf is a client of the CF API v3, as much of it as pushing an app and looking after it takes.
//
// In go the name of an app and a directory; out come the same requests as the cf command makes, so that whatever is done here can be done with cf:
//
//	job    apply_manifest        what is wanted of the app
//	files  resource_matches      which of them the controller has already
//	zip    packages/P/upload     the others
//	build  builds                one `staging` request on the bus
//	start  actions/restart       `dea.discover` and `dea.<id>.start` for each instance
//	wait   processes/A/stats     until each of them runs
//
// In 2012 this was vmc, with v1 of the API.
package cf

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/minicf/minicf/client"
)

// Where minicf puts people who name no other place, and who they are.
const (
	DefaultOrg   = "minicf"
	DefaultSpace = "dev"
	DefaultUser  = "admin" // and the password, as shipped
)

// Client speaks to one controller, as one user, about one space. Only URL is required. The token is asked for when it is needed, and not stored.
type Client struct {
	URL            string // http://127.0.0.1:9292
	User, Password string
	Org, Space     string

	mu    sync.Mutex
	token string
	space string // GUID
}

// Who is the user's name.
func (c *Client) Who() string { return cmp.Or(c.User, DefaultUser) }

// Place is the org and the space, for people.
func (c *Client) Place() string {
	return cmp.Or(c.Org, DefaultOrg) + " / " + cmp.Or(c.Space, DefaultSpace)
}

// login returns a token.
func (c *Client) login(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" {
		return c.token, nil
	}
	form := url.Values{"grant_type": {"password"}, "username": {c.Who()}, "password": {cmp.Or(c.Password, DefaultUser)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.at("/oauth/token"), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth("cf", "")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.answer(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var grant struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&grant); err != nil || grant.Token == "" {
		return "", fmt.Errorf("log in at %s: no token in the answer", c.URL)
	}
	c.token = grant.Token
	return c.token, nil
}

func (c *Client) at(path string) string { return strings.TrimSuffix(c.URL, "/") + path }

// send makes a request as the user. The caller closes the body of the answer.
func (c *Client) send(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	token, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.at(path), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "bearer "+token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", contentType)
	return c.answer(req)
}

// answer returns the answer, if it is a good one.
func (c *Client) answer(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultClient.Do(req)
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return nil, &client.UnreachableError{URL: c.URL, Err: op.Err}
	}
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, readError(req, resp)
}

const jsonType = "application/json"

// do sends a value as JSON, if there is one, and reads the answer into another, if there is one.
func (c *Client) do(ctx context.Context, method, path string, send, into any) error {
	var body io.Reader = http.NoBody
	if send != nil {
		text, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	resp, err := c.send(ctx, method, path, jsonType, body)
	if err != nil {
		return err
	}
	return c.take(ctx, method, path, resp, into)
}

// take reads an answer. What was accepted is waited for: its job tells how it went.
func (c *Client) take(ctx context.Context, method, path string, resp *http.Response, into any) error {
	defer resp.Body.Close()
	if job := resp.Header.Get("Location"); job != "" && resp.StatusCode == http.StatusAccepted {
		return c.wait(ctx, pathOf(job))
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("%s %s: %w", strings.ToLower(method), path, err)
	}
	return nil
}

func (c *Client) get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, nil, into)
}

// Curl makes a request of any kind and returns the answer as it came, a bad one too.
func (c *Client) Curl(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error) {
	resp, err := c.send(ctx, method, path, jsonType, bytes.NewReader(body))
	if e, ok := errors.AsType[*Error](err); ok && e.Body != nil {
		return e.Status, e.Body, nil
	}
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// pathOf is an address without the server in it: whatever an answer names is asked for here, where the token is good.
func pathOf(href string) string {
	u, err := url.Parse(href)
	if err != nil {
		return href
	}
	return u.RequestURI()
}

// all reads a collection, page by page.
func all[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	query.Set("per_page", "5000")
	found := []T{}
	for next := path + "?" + query.Encode(); next != ""; {
		var page struct {
			Pagination struct {
				Next *struct {
					Href string `json:"href"`
				} `json:"next"`
			} `json:"pagination"`
			Resources []T `json:"resources"`
		}
		if err := c.get(ctx, next, &page); err != nil {
			return nil, err
		}
		found = append(found, page.Resources...)
		next = ""
		if n := page.Pagination.Next; n != nil {
			next = pathOf(n.Href)
		}
	}
	return found, nil
}

// relation names something by its GUID.
type relation struct {
	Data struct {
		GUID string `json:"guid"`
	} `json:"data"`
}

func to(guid string) relation {
	var r relation
	r.Data.GUID = guid
	return r
}
