package framework

import (
	"context"
	"path"
	"regexp"
	"strings"
)

// webLine is the line of a Procfile that says how the web process starts.
var webLine = regexp.MustCompile(`(?m)^web:[ \t]*(\S.*?)[ \t\r]*$`)

// procfile is the start command of the Procfile at the top of the app; "" when it has none.
func (f *folder) procfile(ctx context.Context) string {
	if len(f.files(ctx, "Procfile")) == 0 {
		return ""
	}
	m := webLine.FindSubmatch(f.head("Procfile"))
	if m == nil {
		return ""
	}
	return string(m[1])
}

// standaloneRuntime guesses: by the program that the start command names, else as vmc did, Ruby when there is any Ruby
// file and Java when there is anything for it.
func (f *folder) standaloneRuntime(ctx context.Context, command string) string {
	if runtime := RuntimeOfCommand(command); runtime != "" {
		return runtime
	}
	if len(f.files(ctx, "**/*.rb")) > 0 {
		return "ruby18"
	}
	if len(f.files(ctx, "**/*.{class,jar}")) > 0 {
		return "java"
	}
	if archives := f.files(ctx, "*.zip"); len(archives) > 0 && strings.Contains(f.entries(archives[0])+"\n", ".jar\n") {
		return "java"
	}
	return ""
}

// RuntimeOfCommand is the runtime of the program that a start command begins with; "" when that tells nothing.
func RuntimeOfCommand(command string) string {
	for word := range strings.FieldsSeq(command) {
		if word == "exec" || strings.Contains(word, "=") && !strings.HasPrefix(word, "-") {
			continue // exec python3 app.py; RACK_ENV=production ruby app.rb
		}
		switch program := path.Base(word); {
		case strings.HasPrefix(program, "python") || program == "gunicorn":
			return "python3"
		case program == "ruby" || program == "bundle" || program == "rackup" || program == "puma" || program == "thin":
			return "ruby"
		case program == "node" || program == "npm" || program == "npx":
			return "node"
		case program == "java" || program == "php":
			return program
		case program == "erl" || program == "escript":
			return "erlang"
		}
		return ""
	}
	return ""
}

// Unknown tells what Detect looked for, when no framework fits and the app does not say how it is started; "" otherwise.
// Such an app is standalone to vmc, but there is nothing to start.
func (r Result) Unknown() string {
	if r.Framework.Name != standalone || r.Command != "" {
		return ""
	}
	var looked []string
	for _, c := range r.Considered {
		if c.Framework != standalone && c.Framework != "buildpack" {
			rule := strings.TrimSuffix(strings.TrimSuffix(c.Rule, " exists"), " exist")
			looked = append(looked, rule+" ("+c.Framework+")")
		}
	}
	return strings.Join(append(looked, "a Procfile with a web line (standalone)"), ", ")
}
