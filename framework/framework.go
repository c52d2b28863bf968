// Package framework knows the frameworks of 2012: what each was called, which runtimes it could use, how much memory it
// got, and how it is recognised.
//
// In goes a directory with an app, out comes the framework and the reason ([Detect]); or in goes a name, out comes the
// manifest that clients send along with a staging request ([Info]). Staging plugins find the app's main file by the same
// manifest ([Match]). It listens to nothing and starts nothing: the controller, the stager and the commands share it.
//
// In 2012 this lay in three places that did not agree: YAML manifests on the cloud controller, the staging plugins, and
// the client vmc, which guessed by rules of its own. The manifests are in config/frameworks, vmc's rules in rules.go.
package framework

import (
	"slices"

	"github.com/minicf/minicf/protocol"
)

// Framework is one manifest of the cloud controller, with the memory that vmc 0.3 asked for.
type Framework struct {
	Name      string             // as in framework_info.name: "sinatra"
	Runtimes  []string           // names of the runtimes that can run it
	Default   string             // the runtime unless the user says another; "" when they have to say
	Today     string             // the runtime of today that minicf's own commands take instead; "" as with Default
	Memory    int                // MB per instance; standalone's depends on the runtime, see MemoryFor
	Detection protocol.Detection // how clients recognise it and plugins find its main file
}

// Lookup returns the framework called name.
func Lookup(name string) (Framework, bool) {
	all := All()
	i := slices.IndexFunc(all, func(f Framework) bool { return f.Name == name })
	if i < 0 {
		return Framework{}, false
	}
	return all[i], true
}

// Info is the framework_info that a client sends to have an app staged. For a name that nobody knows it carries only
// the name, and the stager will say that it has no such plugin.
func Info(name string) protocol.FrameworkInfo {
	f, ok := Lookup(name)
	if !ok {
		return protocol.FrameworkInfo{Name: name}
	}
	return f.Info()
}

// Info is the manifest as it travels in a staging request.
func (f Framework) Info() protocol.FrameworkInfo {
	info := protocol.FrameworkInfo{Name: f.Name, Detection: f.Detection}
	for _, r := range f.Runtimes {
		info.Runtimes = append(info.Runtimes, map[string]any{r: map[string]any{"default": r == f.Default}})
	}
	return info
}

// MemoryFor is the memory in MB that vmc 0.3 asked for when the app runs on that runtime.
func (f Framework) MemoryFor(runtime string) int {
	if f.Name != standalone {
		return f.Memory
	}
	switch runtime {
	case "ruby18", "ruby19", "ruby193", "ruby", "php":
		return 128
	case "java", "java7":
		return 512
	}
	return f.Memory
}
