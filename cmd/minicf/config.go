package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/sandbox"
)

const configAbout = `Print the values that are in force and where each came from: a flag, the environment (MINICF_ROUTER_PORT=8000), a file, or the
default that is shipped. Passwords are shown as ***. Variables that look like settings and set nothing are warned of.`

func (s *session) configCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use: "config [COMPONENT]", Short: "Show the configuration in force, and where each value came from", Long: configAbout, Args: atMostOne,
		Example: "  minicf config\n  MINICF_ROUTER_PORT=8000 minicf config router",
	}
	s.jsonFlag(c)
	c.Flags().StringVarP(&file, "config", "c", "", "configuration file, with a COMPONENT")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if file != "" && len(args) == 0 {
			return usageError("-c FILE is about one component: say which, as in `minicf config stager -c %s`", file)
		}
		home, err := s.home()
		if err != nil {
			return err
		}
		settings := sandbox.Settings{DataDir: home, Dir: s.dir, Lookup: s.lookup, Only: args}
		if file != "" {
			settings.Files = map[string]string{args[0]: s.path(file)}
		}
		all, err := sandbox.Configuration(settings)
		if err != nil {
			return badConfig(err)
		}
		warnings := strays(all, s.environ())
		if s.json {
			return s.printJSON(map[string]any{"data_dir": home, "values": all, "warnings": warnings})
		}
		for _, w := range warnings {
			fmt.Fprintf(s.err, "minicf: %s\n", w)
		}
		s.printConfig(home, all)
		return s.printJoined()
	}
	return c
}

// printJoined says what the table cannot know: a component that nobody told of another bus joins the one that runs on the
// data dir.
func (s *session) printJoined() error {
	running, err := s.find()
	if err != nil || running["nats"].URL == "" {
		return err
	}
	_, err = fmt.Fprintf(s.out, "\nA bus is running on this data dir: a component started here joins %s unless a flag, the environment or -c FILE names another.\n",
		running["nats"].URL)
	return err
}

// strays warns of variables that look like settings of the components and are none.
func strays(all []sandbox.ConfigValue, environ []string) []string {
	keys := map[string][]string{}
	for _, v := range all {
		keys[v.Component] = append(keys[v.Component], v.Key)
	}
	warnings := []string{}
	for _, component := range slices.Sorted(maps.Keys(keys)) {
		for _, stray := range config.Strays(component, keys[component], environ) {
			warnings = append(warnings, stray.String())
		}
	}
	return warnings
}

// widest is how many columns a value may take. A record or a list with more goes on in the next line.
const widest = 44

func (s *session) printConfig(home string, all []sandbox.ConfigValue) {
	fmt.Fprintf(s.out, "data dir: %s\n", home)
	keyWidth, valueWidth, component := 0, 0, ""
	for _, v := range all {
		keyWidth = max(keyWidth, utf8.RuneCountInString(v.Key))
		valueWidth = max(valueWidth, min(utf8.RuneCountInString(v.Value), widest))
	}
	for _, v := range all {
		if v.Component != component {
			component = v.Component
			fmt.Fprintf(s.out, "\n%s\n", component)
		}
		lines := wrap(v.Value)
		fmt.Fprintf(s.out, "  %-*s  %-*s  %s\n", keyWidth, v.Key, valueWidth, lines[0], v.Origin)
		for _, line := range lines[1:] {
			fmt.Fprintf(s.out, "  %-*s   %s\n", keyWidth, "", line)
		}
	}
}

// wrap breaks a record or a list that is too wide behind its commas.
func wrap(value string) []string {
	if utf8.RuneCountInString(value) <= widest || !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[") {
		return []string{value}
	}
	lines := []string{""}
	for part := range strings.SplitAfterSeq(value, ", ") {
		last := &lines[len(lines)-1]
		if *last != "" && utf8.RuneCountInString(*last+strings.TrimSpace(part)) > widest {
			*last = strings.TrimSpace(*last)
			lines = append(lines, part)
			continue
		}
		*last += part
	}
	return lines
}
