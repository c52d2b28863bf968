package bus_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
)

// startComponent runs a component until the test ends and returns what it announced.
func startComponent(t *testing.T, b *bus.Bus, cfg bus.ComponentConfig) protocol.Component {
	t.Helper()
	announced := make(chan protocol.Component, 1)
	if _, err := bus.Subscribe(b, protocol.ComponentAnnounce, func(c protocol.Component) { announced <- c }); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- bus.NewComponent(b, cfg).Run(ctx, func() {}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("component stopped with %v", err)
		}
	})
	select {
	case c := <-announced:
		return c
	case err := <-ended:
		t.Fatalf("component ended before it was announced: %v", err)
		return protocol.Component{}
	}
}

func get(t *testing.T, c protocol.Component, path, authorization string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch authorization {
	case "right":
		req.SetBasicAuth(c.Credentials[0], c.Credentials[1])
	case "":
	default:
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}

func TestComponentAnnouncesAndAnswersDiscover(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	index := 5
	c := startComponent(t, bustest.Join(t, s), bus.ComponentConfig{Type: "DEA", Index: &index})
	if c.Type != "DEA" || !strings.HasPrefix(c.UUID, "5-") || len(c.UUID) != 34 || c.Uptime != "" {
		t.Errorf("announced %+v, want a DEA with id 5-<32 hex> and no uptime", c)
	}
	found, err := bus.Do(t.Context(), bustest.Join(t, s), protocol.ComponentDiscover, protocol.Ignored{})
	if err != nil {
		t.Fatal(err)
	}
	if found.UUID != c.UUID || found.Host != c.Host || found.Uptime != "0d:0h:0m:0s" {
		t.Errorf("discovered %+v, want the announced one with its uptime", found)
	}
}

func TestStatusPagesWantBasicAuth(t *testing.T) {
	t.Parallel()
	c := startComponent(t, bustest.New(t), bus.ComponentConfig{
		Type: "Stager", Pages: map[string]func() any{"/tasks": func() any { return []int{1} }},
	})
	for name, tc := range map[string]struct {
		path, auth string
		status     int
		body       string
	}{
		"healthz":          {"/healthz", "right", 200, "ok\n"},
		"no credentials":   {"/healthz", "", 401, ""},
		"wrong password":   {"/varz", "Basic Zm9vOmJhcg==", 401, ""},
		"malformed header": {"/varz", "Basic !!", 400, ""},
		"unknown path":     {"/nope", "right", 404, "Not Found: /nope\n"},
		"its own page":     {"/tasks", "right", 200, "[\n  1\n]\n"},
		"that without":     {"/tasks", "", 401, ""},
	} {
		status, body, header := get(t, c, tc.path, tc.auth)
		if status != tc.status || body != tc.body {
			t.Errorf("%s: %d %q, want %d %q", name, status, body, tc.status, tc.body)
		}
		if status == 401 && header.Get("WWW-Authenticate") != `Basic realm=""` {
			t.Errorf("%s: WWW-Authenticate = %q", name, header.Get("WWW-Authenticate"))
		}
	}
}

func TestVarzShowsTheConfigWithoutSecrets(t *testing.T) {
	t.Parallel()
	c := startComponent(t, bustest.New(t), bus.ComponentConfig{
		Type: "Stager", Password: "hunter2",
		Config: map[string]any{
			"nats_uri": "nats://u:hunter3@127.0.0.1:4222", "mbus": "nats://u:hunter4@h",
			"status": map[string]any{"user": "u", "password": "hunter5"}, "queues": []any{"staging"},
		},
		Varz: func() map[string]any { return map[string]any{"active_tasks": 3} },
	})
	_, body, _ := get(t, c, "/varz", "right")
	if strings.Contains(body, "hunter") {
		t.Errorf("varz shows a password:\n%s", body)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	if v["active_tasks"] != 3.0 || v["num_cores"] == nil || v["config"].(map[string]any)["queues"] == nil {
		t.Errorf("varz lacks figures:\n%s", body)
	}
	if memory, ok := v["mem"].(float64); !ok || memory < 1000 {
		t.Errorf("mem = %v, want this process's KB", v["mem"])
	}
}
