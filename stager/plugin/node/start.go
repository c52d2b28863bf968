package node

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/stager/plugin"
)

// leadingNode is what the script runs by other means.
var leadingNode = regexp.MustCompile(`(?m)^\s*node\s+`)

// startCommand is what node is to run: what package.json says, else the main file.
func (a *app) startCommand(ctx context.Context) (string, error) {
	if a.manifest.start == "" {
		return a.mainFile(ctx)
	}
	if err := checkStart(a.manifest.start); err != nil {
		return "", err
	}
	start := a.manifest.start
	if at := leadingNode.FindStringIndex(start); at != nil {
		start = start[:at[0]] + start[at[1]:]
	}
	return start, nil
}

// checkStart refuses a start command that would take the rest of the script's line with it. Apart from that it is shell text,
// and the app owner's own.
func checkStart(start string) error {
	words, err := splitWords(start)
	if err != nil {
		return err
	}
	var problem string
	switch {
	case slices.ContainsFunc([]rune(start), func(r rune) bool { return r == '\n' || r == '\r' || r == 0 }):
		problem = "it has more than one line"
	case slices.ContainsFunc(words, func(w string) bool { return len(w) > 0 && w[0] == '#' }):
		problem = "what follows a # is a comment to the shell"
	default:
		return nil
	}
	return &plugin.StagingError{
		Message: fmt.Sprintf("scripts.start of package.json cannot be %q: %s", start, problem),
		Tip:     "put it into a script of its own, and name that",
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
