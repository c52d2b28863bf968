package buildpack

import (
	"context"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/minicf/minicf/stager/plugin"
)

// maxYAML is how much of a Procfile or of what bin/release prints is read, in bytes: beyond it they are not what they should be,
// and the parser would take its time.
const maxYAML = 64 << 10

// release is what bin/release says of the app.
type release struct {
	ConfigVars map[string]string `yaml:"config_vars"`
	Processes  map[string]string `yaml:"default_process_types"`
}

// release asks the buildpack how the app is started.
func (s *staging) release(ctx context.Context) (release, error) {
	out, err := s.run(ctx, nil, s.pack.program("release"), s.w.AppDir())
	if ctx.Err() != nil {
		return release{}, context.Cause(ctx)
	}
	var r release
	if err == nil && len(out) > maxYAML {
		err = fmt.Errorf("more than %d bytes", maxYAML)
	}
	if err == nil {
		err = yaml.Unmarshal(out, &r)
	}
	if err != nil {
		return release{}, &plugin.StagingError{
			Message: "Release info failed:\n" + strings.TrimRight(string(out[:min(len(out), maxYAML)]), "\n"),
			Tip:     fmt.Sprintf("bin/release has to print YAML and to exit with 0: %v", err),
		}
	}
	return r, nil
}

// command is how the app is started: as the user said, as the Procfile says, or as the buildpack proposes.
func (s *staging) command(r release) (string, error) {
	if command := strings.TrimSpace(s.w.App.Command()); command != "" {
		return checkCommand(command)
	}
	processes, err := s.procfile()
	if err != nil {
		return "", err
	}
	for _, known := range []map[string]string{processes, r.Processes} {
		if command := strings.TrimSpace(known["web"]); command != "" {
			return checkCommand(command)
		}
	}
	return "", &plugin.StagingError{
		Message: "Please specify a web start command in your manifest.yml or Procfile",
		Tip:     "for example web: ./server -p $PORT, in a file called Procfile",
	}
}

// checkCommand refuses what a script cannot hold.
func checkCommand(command string) (string, error) {
	if strings.ContainsRune(command, 0) {
		return "", &plugin.StagingError{Message: "the start command contains a NUL byte"}
	}
	return command, nil
}

// procfile reads the app's Procfile, after the buildpack, which may have written one.
func (s *staging) procfile() (map[string]string, error) {
	content, err := s.w.ReadApp("Procfile")
	if err != nil || content == nil {
		return nil, err
	}
	var processes map[string]string
	if len(content) > maxYAML || yaml.Unmarshal(content, &processes) != nil {
		return nil, &plugin.StagingError{
			Message: "Invalid Procfile format.  Please ensure it is a valid YAML hash",
			Tip:     "each line is a name, a colon, a blank and a command",
		}
	}
	return processes, nil
}
