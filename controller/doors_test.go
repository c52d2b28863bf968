package controller

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/minicf/minicf/controller/uaa"
)

func TestForeignHostsAreRefused(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	for host, want := range map[string]int{
		"evil.example.com": 403, "evil.example.com:9292": 403, "localhost.evil.example": 403, "127.0.0.1.nip.io": 403, "": 400,
		"localhost": 200, "LOCALHOST:9292": 200, "minicf.localhost": 200, "127.0.0.1:1": 200, "[::1]:9292": 200, "10.0.0.1": 200,
	} {
		for _, path := range []string{"/", "/v3", "/login"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if req.Host = host; host == "" {
				continue // Go's client would put the address in its place
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s as %q = %s, want %d", path, host, resp.Status, want)
			}
		}
	}
}

// A form of another site's page is sent by the browser with its Origin, or with Sec-Fetch-Site.
func TestFormsOfForeignPagesAreRefused(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	form := "grant_type=password&username=admin&password=admin"
	for _, header := range [][]string{{"Origin", "http://evil.example.com"}, {"Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}} {
		for _, path := range []string{"/oauth/token", "/v3/apps", "/v3/packages/x/upload", "/minicf/apps/x"} {
			a := c.send(t, http.MethodPost, path, strings.NewReader(form), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
			if a.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %v = %s %s, want 403", path, header, a.Status, a.body)
			}
		}
	}
	a := c.send(t, http.MethodPost, "/oauth/token", strings.NewReader(form), "Content-Type", "application/x-www-form-urlencoded")
	if a.StatusCode != http.StatusOK || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a program's login = %s %s", a.Status, a.body)
	}
}

func TestRootIsTextForPeopleAndJSONForTheCFCommand(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	if a := c.send(t, http.MethodGet, "/", nil); !strings.HasPrefix(a.body, "minicf: a fake cloud controller") {
		t.Errorf("for people it is %.100q", a.body)
	}
	var root struct {
		Links map[string]*struct {
			Href string
			Meta struct{ Version string }
		}
	}
	if err := json.Unmarshal([]byte(c.send(t, http.MethodGet, "/", nil, "Accept", "application/json").body), &root); err != nil {
		t.Fatal(err)
	}
	if l := root.Links["login"]; l == nil || l.Href != c.URL() {
		t.Errorf("login is at %+v, want %s", l, c.URL())
	}
	if l := root.Links["cloud_controller_v3"]; l == nil || l.Href != c.URL()+"/v3" || l.Meta.Version != "3.180.0" {
		t.Errorf("the API is at %+v", l)
	}
}

func TestControllerIsNotOpenedToOthersWithAPasswordThatEverybodyKnows(t *testing.T) {
	t.Parallel()
	own := uaa.Config{Users: []uaa.User{{Name: "admin", Password: "of my own"}}}
	for host, want := range map[string]bool{"127.0.0.1": true, "localhost": true, "::1": true, "0.0.0.0": false, "10.1.2.3": false, "::": false, "example.com": false} {
		err := checkExposure(host, uaa.Default())
		if (err == nil) != want {
			t.Errorf("%s with admin/admin: %v, want it to be fine: %v", host, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), "users.yml") {
			t.Errorf("%s: %v does not say what to do", host, err)
		}
		if err := checkExposure(host, own); err != nil {
			t.Errorf("%s with a password of one's own: %v", host, err)
		}
	}
}
