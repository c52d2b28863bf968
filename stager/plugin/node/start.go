package node

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/stager/plugin"
)

// leadingNode is what the script runs by other means.
var leadingNode = regexp.MustCompile(`(?m)^\s*node\s+`)

// command is how the app is started.
type command struct {
	text  string
	shell bool // it is for a shell to run; else it is what node runs, a file with arguments
}

// startCommand is what package.json says, else the main file.
func (a *app) startCommand(ctx context.Context) (command, error) {
	start := a.manifest.start
	if start == "" {
		main, err := a.mainFile(ctx)
		return command{text: main}, err
	}
	words, err := checkStart(start)
	if err != nil {
		return command{}, err
	}
	if a.w.Modern() && a.forShell(start, words) {
		return command{text: start, shell: true}, nil
	}
	if at := leadingNode.FindStringIndex(start); at != nil {
		start = start[:at[0]] + start[at[1]:]
	}
	if start == "" {
		return command{}, &plugin.StagingError{Message: "scripts.start of package.json runs node without a file"}
	}
	return command{text: start}, nil
}

// forShell reports whether a start command is more than a file for node, as the scripts of package.json may be: "next start",
// "A=b node x", "node a && node b". In 2012 node was given it all the same.
func (a *app) forShell(start string, words []string) bool {
	return strings.ContainsAny(start, "&|;<>()") || words[0] != "node" && !a.w.Has("app/"+path.Clean(words[0]))
}

// checkStart takes a start command apart. It refuses what would take the rest of the script's line with it; apart from that
// the command is shell text, and the app owner's own.
func checkStart(start string) (words []string, err error) {
	words, err = splitWords(start)
	if err != nil {
		return nil, err
	}
	var problem string
	switch {
	case len(words) == 0:
		problem = "it is empty"
	case strings.ContainsAny(start, "\n\r\x00"):
		problem = "it has more than one line"
	case slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "#") }):
		problem = "what follows a # is a comment to the shell"
	default:
		return words, nil
	}
	return nil, &plugin.StagingError{
		Message: fmt.Sprintf("scripts.start of package.json cannot be %q: %s", start, problem),
		Tip:     "put it into a file of its own, and name that",
	}
}

// mainFile guesses: the only file that fits the detection rules, or else one of five names. In 2012 the last of them that was
// there won, by mistake (bug Q15); for a Node.js of today the first does.
func (a *app) mainFile(ctx context.Context) (string, error) {
	files, err := framework.Match(ctx, a.w.App.FrameworkInfo.Detection, a.w.AppDir())
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", &plugin.StagingError{Message: err.Error()}
	}
	if len(files) == 1 {
		return checkedName(files[0])
	}
	names := []string{"server.js", "app.js", "index.js", "main.js", "application.js"}
	if !a.w.Modern() {
		slices.Reverse(names)
	}
	for _, name := range names {
		if slices.Contains(files, name) {
			return name, nil
		}
	}
	return "", &plugin.StagingError{
		Message: "Unable to determine Node.js startup command",
		Tip:     `say it in package.json, "scripts": {"start": "node FILE"}, or call the main file server.js`,
	}
}

// checkedName refuses a name that the startup script, or autoconfig.js, would take for more than a name.
func checkedName(name string) (string, error) {
	if err := plugin.CheckName(name); err != nil {
		return "", &plugin.StagingError{Message: fmt.Sprintf("the app's main file cannot be called %q: %v", name, err), Tip: "rename it"}
	}
	return name, nil
}
