// Package droplet knows the artefact that staging makes and a DEA runs: a
// gzip'ed tar of one directory.
//
// In goes an application as the developer pushed it, a zip file ([UnpackZip]).
// A staging plugin turns its files into the layout below, and out comes
// droplet.tgz ([Pack]). The DEA unpacks that into an instance directory
// ([Unpack]), puts the executable of the runtime into the startup script
// ([ReplaceRuntime]) and runs it.
//
//	app/              the application, as pushed or as the plugin changed it
//	logs/             staging.log from the plugin; stdout.log and stderr.log later
//	tmp/              TMPDIR of the running application
//	startup           started by the DEA as ./startup -p PORT (mode 0500)
//	stop              called by the DEA with the pid from run.pid (mode 0500)
//
// In 2012 the stager did all this with unzip and tar -czf * in a shell, and the
// DEA with tar -xzf. The archives here are interchangeable with theirs; what
// those tools let pass, such as names that leave the directory, is refused with
// an [EntryError].
package droplet

// The layout of a droplet, relative to its root, in the names of the tutorial.
const (
	AppDir     = "app"
	LogsDir    = "logs"
	TmpDir     = "tmp"
	StagingLog = "logs/staging.log"

	// StartupFile starts the application, StopFile ends it. Staging plugins write
	// both with mode 0500, and the modes travel in the archive.
	StartupFile = "startup"
	StopFile    = "stop"
)

// RuntimeToken stands in the startup script for the executable of the runtime.
// Only the DEA knows where that lies on its machine: see [ReplaceRuntime].
const RuntimeToken = "%VCAP_LOCAL_RUNTIME%"
