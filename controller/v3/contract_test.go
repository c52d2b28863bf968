package v3_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

// recorded is one request that cf 8.18.4 has made, and the status that it was content with.
type recorded struct {
	Command string `json:"command"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Query   string `json:"query"`
	Body    string `json:"body"`
	Type    string `json:"content_type"`
	Status  int    `json:"status"`
}

// Every request of everyday commands, in the order in which the cf command makes them, is made to a real platform: controller, stager, DEA and router. Each
// is answered with the status that the cf command was recorded with, and with every field that it was seen to read.
func TestRequestsOfTheCFCommandAreAnsweredWithAllThatItReads(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	cf := login(t, startPlatform(t))
	cf.must(http.MethodPost, "/v3/domains", object{"name": "apps.minicf.test"}, http.StatusCreated)
	r := &replay{cf: cf, fields: readFields(t), live: map[string]string{}, latest: map[string]string{}}
	for _, req := range readRecorded(t) {
		r.make(t, req)
	}
}

// replay makes recorded requests with the GUIDs of now.
type replay struct {
	cf     *cf
	fields map[string][]string
	live   map[string]string // recorded GUID → ours
	latest map[string]string // kind → the GUID of this kind that an answer had last
}

var (
	guid      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	inPath    = regexp.MustCompile(`/(\w+)/(` + guid.String() + `)`)
	inQuery   = regexp.MustCompile(`(\w+)_guids=(` + guid.String() + `)`)
	someQuery = regexp.MustCompile(`(?:^|&)guids=(` + guid.String() + `)`)
	inBody    = regexp.MustCompile(`"(\w+)":\{(?:"data":\{)?"guid":"(` + guid.String() + `)"`)
)

func (r *replay) make(t *testing.T, req recorded) {
	t.Helper()
	r.bind(req)
	name := fmt.Sprintf("%s: %s %s?%s", req.Command, req.Method, req.Path, req.Query)
	if left := guid.FindString(r.translate(req.Path + req.Query + req.Body)); left != "" && r.live[left] != "" {
		t.Fatalf("%s: nothing is known for %s", name, left)
	}
	var got answer
	switch {
	case strings.HasSuffix(req.Path, "/upload"):
		got = r.cf.upload(r.translate(req.Path), "[]", zipOf(r.cf.t, pythonApp()))
	case req.Type == "application/x-www-form-urlencoded" && req.Path == "/oauth/token":
		got = r.cf.send(req.Method, req.Path, strings.NewReader(req.Body), req.Type)
	default:
		path := r.translate(req.Path)
		if req.Query != "" {
			path += "?" + r.translate(req.Query)
		}
		got = r.cf.send(req.Method, path, strings.NewReader(r.translate(req.Body)), req.Type)
	}
	if got.status != req.Status {
		t.Fatalf("%s %s\nis answered %d %s, want %d", name, r.translate(req.Body), got.status, got.body, req.Status)
	}
	r.learn(req, got)
	r.check(t, name, req, got)
}

// kindOf makes one word of "apps" and "app".
func kindOf(word string) string {
	switch word = strings.TrimSuffix(word, "s"); word {
	case "target", "read":
		return "app"
	case "organization_quota":
		return "quota"
	case "processe":
		return "process"
	}
	return word
}

// bind finds out what the GUIDs stand for that are new in a request: what was answered last of their kind.
func (r *replay) bind(req recorded) {
	for _, m := range append(inPath.FindAllStringSubmatch(req.Path, -1), inQuery.FindAllStringSubmatch(req.Query, -1)...) {
		r.bindOne(m[2], kindOf(m[1]))
	}
	for _, m := range someQuery.FindAllStringSubmatch(req.Query, -1) {
		r.bindOne(m[1], kindOf(req.Path[strings.LastIndex(req.Path, "/")+1:]))
	}
	for _, m := range inBody.FindAllStringSubmatch(req.Body, -1) {
		r.bindOne(m[2], kindOf(m[1]))
	}
	if strings.HasSuffix(req.Path, "/current_droplet") {
		r.bindOne(guid.FindString(req.Body), "droplet")
	}
}

func (r *replay) bindOne(recorded, kind string) {
	if now := r.latest[kind]; now != "" && (r.live[recorded] == "" || kind == "app") {
		r.live[recorded] = now
	}
}

func (r *replay) translate(s string) string {
	return guid.ReplaceAllStringFunc(s, func(g string) string {
		if now := r.live[g]; now != "" {
			return now
		}
		return g
	})
}

// learn notes the GUIDs of an answer by their kind.
func (r *replay) learn(req recorded, got answer) {
	if at := got.header.Get("Location"); at != "" {
		r.latest["job"] = guid.FindString(at)
	}
	parts := strings.Split(strings.Trim(req.Path, "/"), "/")
	kind := parts[len(parts)-1]
	for i := len(parts) - 1; i > 0 && (guid.MatchString(kind) || kind == "upload" || kind == "current"); i-- {
		kind = parts[i-1]
	}
	kind = kindOf(kind)
	note := func(o map[string]any) {
		if g, ok := o["guid"].(string); ok {
			r.latest[kind] = g
		}
		if d, ok := o["droplet"].(map[string]any); ok {
			r.latest["droplet"], _ = d["guid"].(string)
		}
		if links, ok := o["relationships"].(map[string]any); ok {
			quota, _ := links["quota"].(map[string]any)
			if q, ok := quota["data"].(map[string]any); ok {
				r.latest["quota"], _ = q["guid"].(string)
			}
		}
		if all, ok := o["destinations"].([]any); ok && len(all) > 0 {
			r.latest["destination"], _ = all[0].(map[string]any)["guid"].(string)
		}
	}
	note(got.object)
	if all, ok := got.object["resources"].([]any); ok && len(all) > 0 {
		if o, ok := all[0].(map[string]any); ok {
			note(o)
		}
	}
}

// check looks for the fields that the cf command reads.
func (r *replay) check(t *testing.T, name string, req recorded, got answer) {
	t.Helper()
	if got.status >= 300 {
		return
	}
	endpoint := req.Method + " " + guid.ReplaceAllString(req.Path, ":guid")
	for _, field := range r.fields[endpoint] {
		if missing := missing(got.object, strings.Split(field, ".")); missing != "" {
			t.Errorf("%s: the answer has no %s: %.600s", name, field, got.body)
		}
	}
}

// missing is where a path of keys leads to nothing; * stands for every item of a list.
func missing(v any, path []string) string {
	if len(path) == 0 {
		return ""
	}
	if path[0] == "*" {
		all, _ := v.([]any)
		for _, item := range all {
			if m := missing(item, path[1:]); m != "" {
				return m
			}
		}
		return ""
	}
	o, _ := v.(map[string]any)
	next, ok := o[path[0]]
	if usage, is := v.(map[string]any); is && path[0] == "usage" && usage["state"] != "RUNNING" {
		return ""
	}
	if !ok {
		return path[0]
	}
	return missing(next, path[1:])
}

func readRecorded(t *testing.T) []recorded {
	t.Helper()
	text, err := os.ReadFile("testdata/cf-8.18.4.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	d := json.NewDecoder(bytes.NewReader(text))
	for d.More() {
		var r recorded
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func readFields(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open("testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if words[0] != "#" {
			all[words[0]+" "+words[1]] = words[2:]
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d endpoints are in testdata/fields.txt", len(all))
	}
	return all
}
