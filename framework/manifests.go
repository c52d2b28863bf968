package framework

import "github.com/minicf/minicf/protocol"

// standalone is the framework of everything that is no other: a directory and a start command.
const standalone = "standalone"

// All lists the manifests, in the order in which detection asks for them; standalone and buildpack, which no file
// gives away, stand last. The list and everything in it is the caller's own.
//
// Three groups of runtimes are younger than the first cf-release: ruby193, php, and Python's came with vcap's dev_setup.
func All() []Framework {
	return []Framework{
		{
			Name: "rails3", Runtimes: rubies(), Default: "ruby18", Memory: 256,
			Detection: protocol.Detection{exists("config/application.rb"), exists("config/environment.rb")},
		},
		{
			Name: "rack", Runtimes: rubies(), Default: "ruby18", Memory: 128,
			Detection: protocol.Detection{exists("config.ru"), absent("config/environment.rb")},
		},
		{Name: "grails", Runtimes: javas(), Default: "java", Memory: 512, Detection: war()},
		{Name: "lift", Runtimes: javas(), Default: "java", Memory: 512, Detection: war()},
		{Name: "spring", Runtimes: javas(), Default: "java", Memory: 512, Detection: war()},
		{Name: "java_web", Runtimes: javas(), Default: "java", Memory: 512, Detection: war()},
		{
			Name: "sinatra", Runtimes: rubies(), Default: "ruby18", Memory: 128,
			Detection: protocol.Detection{
				{Glob: "*.rb", Pattern: `\s*require[\s\(]*['"]sinatra(/base)?['"]`},
				absent("config/environment.rb"),
			},
		},
		{
			Name: "php", Runtimes: []string{"php"}, Default: "php", Memory: 128,
			Detection: protocol.Detection{exists("*.php")},
		},
		{
			Name: "otp_rebar", Runtimes: []string{"erlangR14B01"}, Default: "erlangR14B01", Memory: 64,
			Detection: protocol.Detection{{Glob: "releases/*/*.rel", Pattern: "."}},
		},
		{
			Name: "django", Runtimes: []string{"python2"}, Default: "python2", Memory: 128,
			Detection: protocol.Detection{{Glob: "*.py", Pattern: "."}},
		},
		{
			Name: "wsgi", Runtimes: []string{"python2"}, Default: "python2", Memory: 64,
			Detection: protocol.Detection{{Glob: "*.py", Pattern: "."}},
		},
		{
			Name: "node", Runtimes: []string{"node", "node06", "node08"}, Default: "node", Memory: 64,
			Detection: protocol.Detection{{Glob: "*.js", Pattern: "."}},
		},
		{
			Name: "play", Runtimes: javas(), Default: "java", Memory: 256,
			Detection: protocol.Detection{exists("lib/play.*.jar")},
		},
		{Name: standalone, Runtimes: everyRuntime(), Memory: 64},
		{Name: "buildpack", Runtimes: []string{"ruby18", "ruby19"}, Default: "ruby18", Memory: 256},
	}
}

func rubies() []string { return []string{"ruby18", "ruby19", "ruby193"} }

func javas() []string { return []string{"java", "java7"} }

func everyRuntime() []string {
	return []string{
		"python2", "java", "java7", "node", "node06", "node08", "erlangR14B01", "php", "ruby18", "ruby19", "ruby193",
	}
}

// war is what the four Java frameworks have in common; which of them it is, the manifests leave to the client. cf-release
// wrote it as - *.war: true, an alias to YAML, which only Ruby's parser of the time took for text.
func war() protocol.Detection { return protocol.Detection{exists("*.war")} }

// exists and absent are for clients alone: plugins look only at the rules with a pattern.
func exists(glob string) protocol.DetectionRule {
	return protocol.DetectionRule{Glob: glob, Exists: true}
}

func absent(glob string) protocol.DetectionRule { return protocol.DetectionRule{Glob: glob} }
