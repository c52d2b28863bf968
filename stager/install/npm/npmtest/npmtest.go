// Package npmtest is a registry of Node.js modules for tests: a real HTTP server that npm can install from.
package npmtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Registry is a running registry.
type Registry struct {
	URL string

	t        testing.TB
	mu       sync.Mutex
	answers  map[string][]byte // path → body
	modules  map[string]*module
	requests []string
}

// module is what the registry knows of a module: GET /NAME.
type module struct {
	Name     string             `json:"name"`
	Tags     map[string]string  `json:"dist-tags"`
	Versions map[string]version `json:"versions"`
}

type version map[string]any

// New runs a registry until the test ends.
func New(t testing.TB) *Registry {
	r := &Registry{t: t, answers: map[string][]byte{}, modules: map[string]*module{}}
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *Registry) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req.URL.Path)
	body, ok := r.answers[req.URL.Path]
	if !ok {
		http.Error(w, `{"error":"not found"}`, http.StatusNotFound)
		return
	}
	if !strings.HasSuffix(req.URL.Path, ".tgz") {
		w.Header().Set("Content-Type", "application/json")
	}
	_, _ = w.Write(body) // an npm that has gone away
}

// Requests are the paths that were asked for so far.
func (r *Registry) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Publish adds a module of these files. What manifest says goes into its package.json, beside name and version.
func (r *Registry) Publish(name, number string, files map[string]string, manifest map[string]any) {
	r.t.Helper()
	v := version{"name": name, "version": number}
	maps.Copy(v, manifest)
	pkg := r.json(v)
	files = maps.Clone(files)
	if files == nil {
		files = map[string]string{}
	}
	files["package.json"] = string(pkg)
	tarball := r.pack(files)
	path := "/" + name + "/-/" + name[strings.LastIndex(name, "/")+1:] + "-" + number + ".tgz"
	short, long := sha1.Sum(tarball), sha512.Sum512(tarball)
	v["dist"] = map[string]string{
		"tarball": r.URL + path, "shasum": hex.EncodeToString(short[:]),
		"integrity": "sha512-" + base64.StdEncoding.EncodeToString(long[:]),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.modules[name]
	if m == nil {
		m = &module{Name: name, Tags: map[string]string{}, Versions: map[string]version{}}
		r.modules[name] = m
	}
	m.Versions[number], m.Tags["latest"] = v, number
	r.answers["/"+name] = r.json(m)
	r.answers["/"+name+"/"+number] = r.json(v)
	r.answers[path] = tarball
}

// Lock is a package-lock.json of an app that wants these modules, each as NAME@VERSION and published before. What they need
// themselves is locked too, the newest that was published.
func (r *Registry) Lock(modules ...string) string {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	packages := map[string]any{"": map[string]any{"name": "app", "version": "1.0.0", "dependencies": wants(modules)}}
	for name, number := range wants(modules) {
		r.lock(packages, name, number)
	}
	return string(r.json(map[string]any{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages}))
}

// lock adds a module, and what it needs, to the packages of a lock file.
func (r *Registry) lock(packages map[string]any, name, number string) {
	m := r.modules[name]
	if m == nil || m.Versions[number] == nil {
		r.t.Fatalf("%s@%s is not published", name, number)
	}
	v := m.Versions[number]
	dist, _ := v["dist"].(map[string]string)
	entry := map[string]any{"version": number, "resolved": dist["tarball"], "integrity": dist["integrity"]}
	packages["node_modules/"+name] = entry
	if scripts, _ := v["scripts"].(map[string]string); scripts["install"] != "" {
		entry["hasInstallScript"] = true
	}
	if needs, _ := v["dependencies"].(map[string]string); needs != nil {
		entry["dependencies"] = needs
		for n := range needs {
			if m := r.modules[n]; m != nil {
				r.lock(packages, n, m.Tags["latest"])
			}
		}
	}
}

// wants are names and versions of NAME@VERSION.
func wants(modules []string) map[string]string {
	all := map[string]string{}
	for _, m := range modules {
		i := strings.LastIndex(m, "@")
		all[m[:i]] = m[i+1:]
	}
	return all
}

// Package is a package.json for the app of [Registry.Lock], with more keys.
func (r *Registry) Package(more map[string]any, modules ...string) string {
	r.t.Helper()
	pkg := map[string]any{"name": "app", "version": "1.0.0", "dependencies": wants(modules)}
	maps.Copy(pkg, more)
	return string(r.json(pkg))
}

func (r *Registry) json(v any) []byte {
	r.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

// pack makes a tarball in which all is in package/, as npm's are.
func (r *Registry) pack(files map[string]string) []byte {
	r.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg})
		if err != nil {
			r.t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		r.t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		r.t.Fatal(err)
	}
	return b.Bytes()
}
