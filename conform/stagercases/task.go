package stagercases

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// app is what a case wants to be staged. The zero value is the smallest app there is, which can be staged.
type app struct {
	files    []depot.Entry
	download *depot.Download // instead of the zip of files; without a Body it is that
	change   wire.Object     // of the request
	props    wire.Object     // of its properties
	without  []string        // keys that the request lacks
	status   int             // of the answer to the upload; 0 is 200
	location string          // of that answer, if it is a redirect
	user     string          // of the URIs, as "name:password"
}

// task is a request.
type task struct {
	k       *Kit
	request wire.Object
	file    *depot.File
	tray    *depot.Tray
	asked   *wire.Question
}

const sinatraApp = "require 'sinatra'\n\nget '/' do\n  \"Hello World!\"\nend\n"

// task prepares a request.
func (k *Kit) task(a app) *task {
	if a.files == nil {
		a.files = []depot.Entry{{Name: "app.rb", Text: sinatraApp}}
	}
	what := depot.Download{}
	if a.download != nil {
		what = *a.download
	}
	if what.Body == nil {
		what.Body = depot.Zip(a.files)
	}
	t := &task{k: k, file: k.depot.Offer(what), tray: k.depot.Accept(a.status, a.location)}
	t.request = wire.Object{
		"app_id": "conform-" + bus.Hex(4), "download_uri": withUser(t.file.URL, a.user), "upload_uri": withUser(t.tray.URL, a.user),
		"properties": properties().With(a.props),
	}.With(a.change).Without(a.without...)
	return t
}

// withUser puts a user and a password into a URL, as they are.
func withUser(url, user string) string {
	if user == "" {
		return url
	}
	return strings.Replace(url, "://", "://"+user+"@", 1)
}

// properties are those of the tutorial's app.
func properties() wire.Object {
	return wire.Object{
		"services": []any{},
		"framework_info": wire.Object{
			"name": "sinatra", "runtimes": []wire.Object{{"ruby18": wire.Object{"default": true}}, {"ruby19": wire.Object{"default": false}}},
			"detection": []wire.Object{{"*.rb": `\s*require[\s\(]*['"]sinatra(/base)?['"]`, "config/environment.rb": false}},
		},
		"runtime_info": wire.Object{"name": "ruby19", "executable": "ruby", "version": "1.9.3"},
		"resources":    wire.Object{"memory": 256, "disk": 256, "fds": 1024},
	}
}

// send asks the stager.
func (t *task) send() (err error) {
	t.asked, err = t.k.wire.Ask(t.k.Queue, t.request)
	return err
}

// reply asks the stager and waits for what it says.
func (t *task) reply(ctx context.Context) (wire.Object, error) {
	if t.asked == nil {
		if err := t.send(); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, t.k.Patience)
	defer cancel()
	m, ok := t.asked.Answer(ctx, nil)
	if !ok {
		return nil, t.k.missing("reply", "nothing")
	}
	if m.Object == nil {
		return nil, &suite.Mismatch{Why: "the reply is no JSON object", Expected: "an object", Seen: m.String()}
	}
	return m.Object, nil
}

// staged waits for the reply and wants it to be that of a success.
func (t *task) staged(ctx context.Context) (wire.Object, error) {
	o, err := t.reply(ctx)
	if err != nil {
		return nil, err
	}
	if e, has := o["error"]; has {
		return o, &suite.Mismatch{Why: "staging failed", Expected: "no error", Seen: fmt.Sprintf("error: %s\ntask_log: %s", wire.Show(e), wire.Show(o["task_log"]))}
	}
	return o, nil
}

// stage wants an app to be staged.
func (k *Kit) stage(ctx context.Context, a app) (*task, wire.Object, error) {
	t := k.task(a)
	o, err := t.staged(ctx)
	return t, o, err
}

// prefix begins every error.
const prefix = "Staging task failed:\n "

// fail wants the staging of an app to fail, with an error that begins with what stands behind the prefix.
func (k *Kit) fail(ctx context.Context, a app, want string) (*task, wire.Object, error) {
	t := k.task(a)
	o, err := t.reply(ctx)
	if err != nil {
		return t, nil, err
	}
	if !strings.HasPrefix(o.Text("error"), prefix+want) {
		return t, o, &suite.Mismatch{Why: "another error, or none", Expected: wire.Show(prefix + want), Seen: "error: " + wire.Show(o["error"])}
	}
	return t, o, nil
}

// upload is what the stager has sent.
func (t *task) upload(ctx context.Context) (depot.Arrival, error) {
	ctx, cancel := context.WithTimeout(ctx, t.k.Patience)
	defer cancel()
	a, err := t.tray.Arrived(ctx)
	if err != nil {
		return a, t.k.missing("upload", "nothing")
	}
	return a, nil
}

// entry is something in a droplet.
type entry struct {
	*tar.Header
	text string
}

// droplet reads what the stager has uploaded: its entries by their names, without ./ and a / at the end, and the names as they stand
// there.
func (t *task) droplet(ctx context.Context) (map[string]entry, []string, error) {
	a, err := t.upload(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(a.Parts) == 0 {
		return nil, nil, &suite.Mismatch{Why: "the upload has no parts", Expected: "upload[droplet]", Seen: a.Problem}
	}
	return untar(a.Parts[0].Body)
}

func untar(tgz []byte) (map[string]entry, []string, error) {
	bad := func(err error) error {
		return &suite.Mismatch{Why: "the droplet is no tgz: " + err.Error(), Expected: "a gzip'ed tar", Seen: fmt.Sprintf("%.20q…", tgz)}
	}
	z, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		return nil, nil, bad(err)
	}
	entries, names := map[string]entry{}, []string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return entries, names, nil
		}
		if err != nil {
			return nil, nil, bad(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, nil, bad(err)
		}
		names = append(names, h.Name)
		entries[path.Clean(h.Name)] = entry{h, string(text)}
	}
}

// fixture is a staged app that many cases only look at.
type fixture struct {
	*task
	said    wire.Object
	entries map[string]entry
	names   []string

	once sync.Once
	err  error
}

// theSample returns an app that was staged, with everything that an app can have.
func (k *Kit) theSample(ctx context.Context) (*fixture, error) {
	f := &k.sample
	f.once.Do(func() {
		if f.task, f.said, f.err = k.stage(ctx, app{files: sampleFiles()}); f.err == nil {
			f.entries, f.names, f.err = f.droplet(ctx)
		}
	})
	if f.err != nil {
		return nil, fmt.Errorf("the app that this is about was not staged: %w", f.err)
	}
	return f, nil
}

// theFailure returns the reply to an app that could not be downloaded.
func (k *Kit) theFailure(ctx context.Context) (*fixture, error) {
	f := &k.failed
	f.once.Do(func() {
		f.task, f.said, f.err = k.fail(ctx, app{download: &depot.Download{Status: 404, Body: []byte("no")}}, "Failed downloading app")
	})
	if f.err != nil {
		return nil, fmt.Errorf("the app that this is about did not fail as it must: %w", f.err)
	}
	return f, nil
}

// binary is content that nothing should take for text.
const binary = "\x00\x01\xff\r\n%VCAP_LOCAL_RUNTIME%\n"

func sampleFiles() []depot.Entry {
	return []depot.Entry{
		{Name: "app.rb", Text: sinatraApp}, {Name: "README", Text: "startup is no app\n"}, {Name: "startup", Text: "of the app, not of the droplet\n"},
		{Name: "bin/"}, {Name: "bin/tool", Mode: 0o755, Text: "#!/bin/sh\n"}, {Name: "data/"}, {Name: "data/binary", Text: binary},
		{Name: "data/.inner", Text: "inner\n"}, {Name: "data/a name with blanks, 'quotes' and ü.txt", Text: "odd\n"}, {Name: "data/link", Link: "binary"},
		{Name: ".hidden_file", Text: "hidden\n"}, {Name: "empty/"},
	}
}
