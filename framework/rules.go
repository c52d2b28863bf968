package framework

import (
	"context"
	"regexp"
	"strings"
)

// rule decides about one framework.
type rule struct {
	framework string
	text      string
	ask       asker
}

// asker looks at the app.
type asker func(ctx context.Context, f *folder) answer

type answer struct {
	fits   bool
	last   bool   // does not fit, and vmc's chain of questions ended here all the same
	file   string // which decided
	reason string
}

// dotNet is a client's label without a manifest.
func dotNet() Framework { return Framework{Name: "dotNet", Memory: 128} }

// rules are vmc 0.3.23's, in its order. It asked in one if/elsif chain, with two consequences that are kept: an app with
// *.rb files of which none requires sinatra is standalone even if it has *.php files, and so is one with *.js files but
// none of the four names.
func rules() []rule {
	return []rule{
		{"rails3", "config/environment.rb exists", allExist("config/environment.rb")},
		{"rack", "config.ru exists", allExist("config.ru")},
		{"grails", "a war with WEB-INF/lib/grails-web*.jar", javaWith(grailsJar)},
		{"lift", "a war with WEB-INF/lib/lift-webkit*.jar", javaWith(liftJar)},
		{"spring", "a war with Spring's classes or core jar", javaWith(springJar)},
		{"java_web", "any other war (*.war or WEB-INF/web.xml)", otherJava},
		{"sinatra", "a *.rb file requires sinatra", requiresSinatra},
		{"php", "a *.php file exists", allExist("*.php")},
		{"otp_rebar", "releases/*/*.rel and releases/*/*.boot exist", allExist("releases/*/*.rel", "releases/*/*.boot")},
		{"django", "manage.py and settings.py exist", allExist("manage.py", "settings.py")},
		{"wsgi", "wsgi.py exists", allExist("wsgi.py")},
		{"dotNet", "web.config exists", allExist("web.config")},
		{"node", "server.js, app.js, index.js or main.js exists", nodeMain},
		{"play", "a *.zip with lib/play.*.jar", zipOfPlay},
	}
}

// allExist wants a file for each of the globs; the first that is found for the first of them decides.
func allExist(globs ...string) asker {
	return func(ctx context.Context, f *folder) answer {
		var a answer
		for _, g := range globs {
			files := f.files(ctx, g)
			if len(files) == 0 {
				return answer{reason: "there is no " + g}
			}
			if a.file == "" {
				a = answer{fits: true, file: files[0], reason: files[0] + " exists"}
			}
		}
		return a
	}
}

var sinatraLine = regexp.MustCompile(`(?m)^\s*require[\s\(]*['"]sinatra(/base)?['"]`)

// requiresSinatra is stricter than the manifest: the line has to begin with require.
func requiresSinatra(ctx context.Context, f *folder) answer {
	files := f.files(ctx, "*.rb")
	if len(files) == 0 {
		return answer{reason: "there is no *.rb"}
	}
	for _, name := range files {
		if line := sinatraLine.Find(f.head(name)); line != nil {
			return answer{fits: true, file: name, reason: name + " says " + strings.TrimSpace(string(line))}
		}
	}
	return answer{last: true, file: files[0], reason: "no line of " + several(files) + " requires sinatra"}
}

// nodeMain wants one of the names by which the staging plugin would find the main file.
func nodeMain(ctx context.Context, f *folder) answer {
	for _, name := range []string{"server.js", "app.js", "index.js", "main.js"} {
		if len(f.files(ctx, name)) > 0 {
			return answer{fits: true, file: name, reason: name + " exists"}
		}
	}
	others := f.files(ctx, "*.js")
	if len(others) == 0 {
		return answer{reason: "there is no *.js"}
	}
	return answer{last: true, file: others[0], reason: "there is " + several(others) + ", but none of the four names"}
}

// several lists file names, at most three of them.
func several(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + " …"
	}
	return strings.Join(names, ", ")
}
