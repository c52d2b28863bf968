package conform_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/minicf/minicf/conform/wire"
)

func TestRepliesOfAnotherShapeAreNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, otherReplies())
}

func otherReplies() broken {
	return broken{match: "^(component/d|reply/|log/|invalid/(no-json|goes)|download/not|request/no-id)", faults: []fault{
		lack("answer vcap.component.discover", "uptime", "component/discovered"),
		set("answer staging", "task_id", "THE TASK", "reply/shape", "reply/failure-shape", "reply/task-ids", "invalid/no-json"),
		twice("answer staging", "reply/once"),
		edit("answer staging", func(o wire.Object) wire.Object {
			log := strings.ReplaceAll(o.Text("task_log"), "Unpacking application", "Unpacking")
			return o.With(wire.Object{"task_log": strings.Replace(log, "[", "", 1)})
		}, "log/steps", "log/format"),
		edit("answer staging", func(o wire.Object) wire.Object {
			if o["error"] == nil {
				return o
			}
			return o.With(wire.Object{"task_log": o.Text("task_log") + "[2012-11-13 22:13:08] Unpacking application\n"})
		}, "log/failure"),
		edit("answer staging", func(o wire.Object) wire.Object {
			log := strings.ReplaceAll(o.Text("task_log"), "# Logfile created", "Logfile created")
			return o.With(wire.Object{"task_log": strings.ReplaceAll(log, "does not use Bundler", "has no Bundler")})
		}, "log/plugin", "log/plugin-header"),
	}}
}

func TestErrorsInOtherWordsAreNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, otherErrors())
}

func otherErrors() broken {
	other := func(o wire.Object) wire.Object {
		if o["error"] == nil {
			return o
		}
		return o.With(wire.Object{"error": strings.Replace(o.Text("error"), "Failed", "Could not go on", 1)})
	}
	return broken{match: "^(reply/s|download/|unpack/|upload/)", faults: []fault{edit("answer staging", other,
		"download/not-found", "download/server-error", "download/refused", "download/redirect",
		"unpack/garbage", "unpack/html", "unpack/empty", "unpack/truncated", "unpack/traversal", "unpack/uploads-nothing",
		"upload/unauthorized", "upload/server-error", "upload/refused", "upload/redirect",
	)}}
}

func TestStagerThatNeverFailsIsNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, neverFails())
}

func neverFails() broken {
	return broken{match: "^(reply/s|plugin/|download/n|unpack/g|invalid/(em|wr))", faults: []fault{{
		on: []string{"answer staging"}, change: func(m message, pass func(message)) {
			m.object = m.object.Without("error")
			pass(m)
		}, fails: []string{
			"plugin/other-framework", "plugin/unknown-framework", "plugin/no-start-file", "plugin/error-in-log", "plugin/path-for-a-name",
			"download/not-found", "unpack/garbage", "invalid/empty", "invalid/wrong-type",
		},
	}}}
}

func TestSpoiledUploadsAreNoticed(t *testing.T) {
	t.Parallel()
	expectStagerFailures(t, spoiledUploads(t))
}

func spoiledUploads(t *testing.T) broken {
	through := func(o wire.Object) wire.Object {
		u, err := url.Parse(o.Text("upload_uri"))
		if err != nil || u.Port() == "1" {
			return o
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { spoilUpload(w, r, u) }))
		t.Cleanup(server.Close)
		return o.With(wire.Object{"upload_uri": server.URL})
	}
	return broken{match: "^(reply/|upload/|droplet/|script/)", faults: []fault{edit("staging", through,
		"reply/several-at-once", "upload/multipart", "upload/part", "upload/basic-auth", "upload/any-success",
		"droplet/layout", "droplet/startup-mode", "droplet/stop-mode", "droplet/directory-modes", "droplet/app-file", "droplet/bytes",
		"droplet/script-of-the-app", "droplet/odd-names", "droplet/inner-dot-files", "droplet/executables", "droplet/links",
		"droplet/empty-directories", "droplet/staging-log", "droplet/no-root-entry",
		"script/startup-bash", "script/startup-runtime", "script/startup-arguments", "script/startup-directory", "script/startup-logs",
		"script/startup-pid", "script/startup-wait", "script/startup-tmpdir", "script/startup-sorted", "script/startup-no-blank-lines",
		"script/startup-unbuffered", "script/startup-text", "script/stop-kills", "script/stop-text",
	)}}
}

// spoilUpload hands on something else than what has come.
func spoilUpload(w http.ResponseWriter, r *http.Request, to *url.URL) {
	var droplet []byte
	if reader, err := r.MultipartReader(); err == nil {
		if p, err := reader.NextPart(); err == nil {
			droplet, _ = io.ReadAll(p)
		}
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="droplet"; filename="d.tgz"`}, "Content-Type": {"text/plain"}})
	_, _ = part.Write(spoilStaged(droplet))
	_ = form.Close()
	to.User = nil
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if resp, err := client.Post(to.String(), form.FormDataContentType(), bytes.NewReader(body.Bytes())); err == nil {
		resp.Body.Close() // once more than it should
	}
	resp, err := client.Post(to.String(), form.FormDataContentType(), &body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	resp.Body.Close()
	w.Header().Set("Location", resp.Header.Get("Location"))
	if resp.StatusCode == http.StatusCreated {
		resp.StatusCode = http.StatusTeapot
	}
	w.WriteHeader(resp.StatusCode)
}

// spoilStaged gets everything in a droplet wrong.
func spoilStaged(tgz []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		return tgz
	}
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	w := tar.NewWriter(zw)
	add := func(h *tar.Header, text string) {
		h.Size = int64(len(text))
		_ = w.WriteHeader(h)
		_, _ = io.WriteString(w, text)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		text, _ := io.ReadAll(r)
		switch name := path.Clean(h.Name); {
		case name == "startup":
			add(&tar.Header{Name: name, Mode: 0o755}, "#!/bin/sh\nexport TMPDIR=/tmp\n\nexport RACK_ENV=x\nruby app.rb")
		case name == "stop":
			add(&tar.Header{Name: name, Mode: 0o755}, "#!/bin/sh\n")
		case h.Typeflag == tar.TypeSymlink:
			add(&tar.Header{Name: name, Mode: 0o644}, "a copy")
		case h.Typeflag == tar.TypeDir && !strings.Contains(name, "empty"):
			add(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o700}, "")
		case h.Typeflag == tar.TypeReg && !strings.Contains(name, "odd") && path.Base(name)[0] != '.' && !strings.Contains(name, " "):
			add(&tar.Header{Name: name, Mode: 0o644}, string(text)+"more")
		case name == "app/.hidden_file":
			add(h, string(text))
		}
	}
	add(&tar.Header{Name: "extra", Mode: 0o644}, "")
	add(&tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o700}, "")
	_ = w.Close()
	_ = zw.Close()
	return out.Bytes()
}
