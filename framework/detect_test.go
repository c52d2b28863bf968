package framework

import (
	"archive/zip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestDetectAsksInTheOrderOfVMC(t *testing.T) {
	t.Parallel()
	sinatra := "require 'sinatra'\n"
	tests := map[string]struct {
		files map[string]string
		want  string // framework, runtime, memory
	}{
		"the tutorial's app":                    {map[string]string{"app.rb": sinatra}, "sinatra ruby18 128"},
		"sinatra/base in the second file":       {map[string]string{"a.rb": "", "web.rb": " require(\"sinatra/base\")\n"}, "sinatra ruby18 128"},
		"rails before everything":               {map[string]string{"config/environment.rb": "", "config.ru": "", "app.rb": sinatra}, "rails3 ruby18 256"},
		"rack before sinatra":                   {map[string]string{"config.ru": "", "app.rb": sinatra}, "rack ruby18 128"},
		"unpacked war":                          {map[string]string{"WEB-INF/web.xml": "", "index.php": ""}, "java_web java 512"},
		"unpacked spring war":                   {map[string]string{"WEB-INF/web.xml": "", "WEB-INF/lib/spring-core-3.0.jar": ""}, "spring java 512"},
		"spring by its classes":                 {map[string]string{"WEB-INF/web.xml": "", "WEB-INF/classes/org/springframework/A.class": ""}, "spring java 512"},
		"lift before spring":                    {map[string]string{"WEB-INF/web.xml": "", "WEB-INF/lib/lift-webkit_2.8.jar": "", "WEB-INF/lib/spring-core-3.jar": ""}, "lift java 512"},
		"php":                                   {map[string]string{"index.php": "", "app.js": ""}, "php php 128"},
		"*.rb without sinatra hides php":        {map[string]string{"tool.rb": "# require 'sinatra'\n", "index.php": ""}, "standalone ruby18 128"},
		"rebar":                                 {map[string]string{"releases/1/a.rel": "", "releases/1/a.boot": ""}, "otp_rebar erlangR14B01 64"},
		"rebar without boot":                    {map[string]string{"releases/1/a.rel": ""}, "standalone  64"},
		"django before wsgi":                    {map[string]string{"manage.py": "", "settings.py": "", "wsgi.py": ""}, "django python2 128"},
		"wsgi":                                  {map[string]string{"wsgi.py": "", "manage.py": ""}, "wsgi python2 64"},
		"dotNet has no plugin and no runtime":   {map[string]string{"web.config": ""}, "dotNet  128"},
		"node":                                  {map[string]string{"main.js": "", "x.js": ""}, "node node 64"},
		"node without one of the names":         {map[string]string{"x.js": "", "lib/a.class": ""}, "standalone java 512"},
		"empty":                                 {nil, "standalone  64"},
		"a directory is no file":                {map[string]string{"config.ru/": "", "app.rb/": "", "lib/x.jar": ""}, "standalone java 512"},
		"hidden files do not count":             {map[string]string{".app.rb": sinatra}, "standalone  64"},
		"sinatra in a subdirectory":             {map[string]string{"lib/app.rb": sinatra}, "standalone ruby18 128"},
		"sinatra in another encoding":           {map[string]string{"app.rb": "# \xe9\xff\n" + sinatra}, "sinatra ruby18 128"},
		"sinatra in the middle of a line":       {map[string]string{"app.rb": "x; require 'sinatra'\n"}, "standalone ruby18 128"},
		"a war that is no zip is java_web":      {map[string]string{"app.war": "no zip"}, "java_web java 512"},
		"a zip that is no zip changes nothing":  {map[string]string{"app.zip": "no zip"}, "standalone  64"},
		"the front controller of php, and node": {map[string]string{"index.js": "", "a.php": ""}, "php php 128"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Detect(t.Context(), newTree(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			if got := short(r); got != tt.want {
				t.Errorf("detected %q, want %q\n%+v", got, tt.want, r.Considered)
			}
		})
	}
}

func short(r Result) string {
	return strings.Join([]string{r.Framework.Name, r.Runtime, strconv.Itoa(r.Memory)}, " ")
}

func TestDetectLooksIntoArchives(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ archive, entry, want string }{
		"grails": {"app.war", "WEB-INF/lib/grails-web-1.3.jar", "grails java 512"},
		"lift":   {"app.war", "WEB-INF/lib/lift-webkit-2.jar", "lift java 512"},
		"spring": {"app.war", "WEB-INF/lib/org.springframework.core-3.jar", "spring java 512"},
		"other":  {"app.war", "WEB-INF/web.xml", "java_web java 512"},
		"play":   {"dist.zip", "app-1.0/lib/play.play_2.9.jar", "play java 256"},
		"jars":   {"dist.zip", "app/main.jar", "standalone java 512"},
		"none":   {"dist.zip", "readme", "standalone  64"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			newZip(t, filepath.Join(dir, tt.archive), tt.entry)
			r, err := Detect(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := short(r); got != tt.want {
				t.Errorf("detected %q, want %q\n%+v", got, tt.want, r.Considered)
			}
		})
	}
}

func newZip(t *testing.T, path, entry string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	if _, err := z.Create(entry); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDetectExplainsEveryFramework(t *testing.T) {
	t.Parallel()
	r, err := Detect(t.Context(), newTree(t, map[string]string{"config.ru": "", "app.rb": "require 'sinatra'\n"}))
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]Considered{}
	var matched []string
	for _, c := range r.Considered {
		asked[c.Framework] = c
		if c.Rule == "" || c.Reason == "" {
			t.Errorf("nothing is said about %q: %+v", c.Framework, c)
		}
		if c.Matched {
			matched = append(matched, c.Framework)
		}
	}
	for _, f := range All() {
		if _, ok := asked[f.Name]; !ok {
			t.Errorf("%s is not explained", f.Name)
		}
	}
	if len(matched) != 1 || matched[0] != "rack" {
		t.Errorf("matched %v, want rack alone", matched)
	}
	for name, want := range map[string]Considered{
		"rack":       {Rule: "config.ru exists", File: "config.ru", Reason: "config.ru exists"},
		"rails3":     {Rule: "config/environment.rb exists", Reason: "there is no config/environment.rb"},
		"sinatra":    {Rule: "a *.rb file requires sinatra", File: "app.rb", Reason: "app.rb says require 'sinatra', but rack is asked first"},
		"standalone": {Rule: "no other framework fits", Reason: "rack fits"},
	} {
		want.Framework, want.Matched = name, name == "rack"
		if asked[name] != want {
			t.Errorf("explained %+v, want %+v", asked[name], want)
		}
	}
}

func TestDetectSaysWhereTheQuestionsEnded(t *testing.T) {
	t.Parallel()
	r, err := Detect(t.Context(), newFiles(t, "tool.rb", "index.php"))
	if err != nil {
		t.Fatal(err)
	}
	const end = "vmc looked no further than sinatra when there is tool.rb"
	for _, c := range r.Considered {
		if (c.Framework == "php" || c.Framework == standalone) && !strings.Contains(c.Reason, end) {
			t.Errorf("%s: %q does not say %q", c.Framework, c.Reason, end)
		}
	}
}

func TestDetectTellsWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	secret := newTree(t, map[string]string{"s.rb": "require 'sinatra'\n"})
	dir := newTree(t, map[string]string{"broken.war": "no zip"})
	if err := os.Symlink(filepath.Join(secret, "s.rb"), filepath.Join(dir, "evil.rb")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dangling.php", "main.js"} {
		if err := os.Symlink("nowhere", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "server.js"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Detect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Considered {
		want := map[string]string{
			"sinatra": "(evil.rb cannot be read: path escapes from parent)", "php": "(dangling.php cannot be read: no such file or directory)",
			"grails": "(broken.war cannot be read: zip: not a valid zip file)", "node": "(main.js cannot be read: no such file or directory)",
		}[c.Framework]
		if !strings.Contains(c.Reason, want) {
			t.Errorf("%s: %q does not say %q, once", c.Framework, c.Reason, want)
		}
	}
	if r.Framework.Name != "java_web" {
		t.Errorf("detected %s, want java_web", r.Framework.Name)
	}
}

func TestDetectNeedsADirectory(t *testing.T) {
	t.Parallel()
	dir := newFiles(t, "file")
	if _, err := Detect(t.Context(), filepath.Join(dir, "file")); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("Detect of a file = %v, want not a directory", err)
	}
	if _, err := Detect(t.Context(), filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Detect of nothing = %v, want not exist", err)
	}
}

func TestDetectStopsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Detect(ctx, newFiles(t, "a.rb")); !errors.Is(err, context.Canceled) {
		t.Errorf("Detect after cancel = %v, want context canceled", err)
	}
}
