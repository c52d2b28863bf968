package controller

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// bulk reads one batch with the password that the bus tells.
func (s *stage) batch(t *testing.T, query string) protocol.BulkApps {
	t.Helper()
	who, err := bus.Do(t.Context(), s.bus, mustCredentials(t), protocol.Ignored{})
	if err != nil {
		t.Fatal(err)
	}
	a := s.send(t, "GET", "/bulk/apps?"+query, nil, "Authorization", basic(who.User, who.Password))
	page, err := protocol.Decode[protocol.BulkApps]([]byte(a.body))
	if err != nil || a.StatusCode != 200 {
		t.Fatalf("bulk: %s %s, %v", a.Status, a.body, err)
	}
	return page
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestBatchesOfAppsAreDisjointAndEndEmpty(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	var want []string
	for i := range 5 {
		id := fmt.Sprintf("app%d", i)
		want = append(want, id)
		s.upload(t, id, id)
		s.ask(t, "PUT", "/minicf/apps/"+id, helloApp)
	}
	var got, sizes []string
	token := ""
	for range 4 {
		page := s.batch(t, "batch_size=2&bulk_token="+url.QueryEscape(token))
		for id := range page.Results {
			got = append(got, string(id))
		}
		sizes = append(sizes, fmt.Sprint(len(page.Results)))
		token = string(page.Token)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || strings.Join(sizes, " ") != "2 2 1 0" || token != "{}" {
		t.Errorf("apps %v in batches of %v, last token %s, want each once", got, sizes, token)
	}
	app := s.batch(t, "").Results["app0"]
	app.UpdatedAt = time.Time{}
	wantApp := protocol.BulkApp{
		ID: "app0", Name: "app0", Instances: 2, State: "STARTED", Framework: "sinatra", Runtime: "ruby19", Memory: 128,
		PackageState: "STAGED", Version: protocol.Text(hexSHA1([]byte("app0")) + "-1"),
	}
	if app != wantApp {
		t.Errorf("app = %+v, want %+v", app, wantApp)
	}
}

// Deleted apps are listed for whoever asks for them, and forgotten after a week.
func TestDeletedAppsAreKnownAsDeleted(t *testing.T) {
	t.Parallel()
	s := startStage(t, nil)
	for _, id := range []string{"gone", "long-gone"} {
		s.upload(t, id, id)
		s.ask(t, "PUT", "/minicf/apps/"+id, helloApp)
		s.send(t, "DELETE", "/minicf/apps/"+id, nil)
	}
	_, err := s.apps.Edit(t.Context(), "long-gone", func(old *app) (app, error) {
		a := *old
		a.UpdatedAt = time.Now().Add(-deletedLifetime - time.Minute)
		return a, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if page := s.batch(t, ""); len(page.Results) != 0 {
		t.Errorf("without being asked for, deleted apps are listed: %v", page.Results)
	}
	page := s.batch(t, "deleted=true")
	if len(page.Results) != 1 || page.Results["gone"].State != protocol.AppDeleted {
		t.Errorf("deleted apps are %v, want the one of today", page.Results)
	}
	s.upload(t, "gone", "back")
	if app := s.ask(t, "PUT", "/minicf/apps/gone", `{"runtime":"node"}`); app.Instances != 1 || len(app.Env) != 0 {
		t.Errorf("deployed again it is %+v, want nothing of the deleted app", app)
	}
}

func TestBulkAPIWantsAPassword(t *testing.T) {
	t.Parallel()
	s := startStage(t, func(c *Config) { c.BulkAPI.Auth = Auth{"hm", "secret"} })
	for _, header := range []string{"", basic("hm", "wrong"), basic("bulk_api", "secret"), "Bearer x"} {
		if a := s.send(t, "GET", "/bulk/apps", nil, "Authorization", header); a.StatusCode != 401 {
			t.Errorf("with %q: %s, want 401", header, a.Status)
		}
	}
	good := basic("hm", "secret")
	for query, says := range map[string]string{"batch_size=0": "batch_size", "batch_size=x": "batch_size", "bulk_token=x": "bulk_token"} {
		s.send(t, "GET", "/bulk/apps?"+query, nil, "Authorization", good).expect(t, 400, 100, says)
	}
	s.upload(t, "hello", "droplet")
	s.ask(t, "PUT", "/minicf/apps/hello", helloApp)
	for model, want := range map[string]int{"app": 1, "user": 0} {
		var got struct{ Counts map[string]int }
		a := s.send(t, "GET", "/bulk/counts?model="+model, nil, "Authorization", good)
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Counts[model] != want {
			t.Errorf("count of %s: %s, want %d", model, a.body, want)
		}
	}
	s.send(t, "GET", "/bulk/counts?model=dog", nil, "Authorization", good).expect(t, 400, 100, "model")
}
