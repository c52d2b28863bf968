package v3_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

// push pushes files as an app, as cf push does, and returns its GUID when an instance runs.
func (c *cf) push(name string, files map[string]string) string {
	c.t.Helper()
	space := c.get("/v3/spaces?names=dev").guid()
	a := c.send(http.MethodPost, "/v3/spaces/"+space+"/actions/apply_manifest", strings.NewReader("applications:\n- name: "+name+"\n  default-route: true\n"), "application/x-yaml")
	if a.status != http.StatusAccepted {
		c.t.Fatalf("apply = %d %s", a.status, a.body)
	}
	app := c.get("/v3/apps?names=" + name).guid()
	pkg := c.must(http.MethodPost, "/v3/packages", object{"type": "bits", "relationships": object{"app": object{"data": object{"guid": app}}}}, 201).guid()
	if a := c.upload("/v3/packages/"+pkg+"/upload", "[]", zipOf(c.t, files)); a.status != http.StatusOK {
		c.t.Fatalf("upload = %d %s", a.status, a.body)
	}
	built := c.get("/v3/builds/" + c.must(http.MethodPost, "/v3/builds", object{"package": object{"guid": pkg}}, 201).guid())
	d, ok := built.object["droplet"].(object)
	if !ok {
		c.t.Fatalf("build = %s", built.body)
	}
	c.must(http.MethodPatch, "/v3/apps/"+app+"/relationships/current_droplet", object{"data": d}, http.StatusOK)
	c.must(http.MethodPost, "/v3/apps/"+app+"/actions/restart", nil, http.StatusOK)
	if all := c.get("/v3/processes/" + app + "/stats").resources(); len(all) != 1 || all[0]["state"] != "RUNNING" {
		c.t.Fatalf("stats = %v", all)
	}
	return app
}

// log is what `cf logs --recent` shows, a line each.
func (c *cf) log(app string) string {
	c.t.Helper()
	a := c.get("/api/v1/read/" + app + "?envelope_types=LOG&limit=1000&start_time=-6795364578871345152")
	envelopes, _ := a.object["envelopes"].(object)
	batch, _ := envelopes["batch"].([]any)
	var all strings.Builder
	for _, e := range batch {
		o, _ := e.(object)
		tags, _ := o["tags"].(object)
		line, _ := o["log"].(object)
		text, err := base64.StdEncoding.DecodeString(line["payload"].(string))
		if err != nil {
			c.t.Fatal(err)
		}
		all.WriteString(tags["source_type"].(string) + "/" + o["instance_id"].(string) + " " + line["type"].(string) + " " + string(text) + "\n")
	}
	return all.String()
}

func TestLogOfAnAppHasItsStagingItsOwnWordsAndItsEnd(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	c := login(t, startPlatform(t))
	files := pythonApp()
	files["app.py"] = "import sys\nprint('to stdout', flush=True)\nprint('to stderr', file=sys.stderr, flush=True)\n" + files["app.py"]
	app := c.push("talker", files)
	c.must(http.MethodPost, "/v3/apps/"+app+"/actions/stop", nil, http.StatusOK)
	log := ""
	for _, want := range []string{
		"STG/0 OUT Downloading application\n", "STG/0 OUT Done!\n", "APP/PROC/WEB/0 OUT to stdout\n", "APP/PROC/WEB/0 ERR to stderr\n",
		"API/0 OUT app.restart by admin\n", "has ended: STOPPED\n",
	} {
		testkit.Eventually(t, time.Minute, want, func() bool { log = c.log(app); return strings.Contains(log, want) })
	}
	if staged, said := strings.Index(log, "Done!"), strings.Index(log, "to stdout"); staged > said {
		t.Errorf("the log is not in order:\n%s", log)
	}
	c.token = ""
	c.must(http.MethodGet, "/api/v1/read/"+app, nil, http.StatusUnauthorized)
}
