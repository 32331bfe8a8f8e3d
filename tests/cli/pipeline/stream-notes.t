# Notes are a file of the repository.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v{version}", assets: [ a ], notes: ../NOTES.md }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:52: 'notes' '../NOTES.md' must be a path inside the repository, without '.', '..' and empty parts
!       main: { tag: "v{version}", assets: [ a ], notes: ../NOTES.md }
!                                                        ^
= 1
