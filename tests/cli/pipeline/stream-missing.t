# A stream needs a tag and assets.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { scheme: semver }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:3: stream 'main' has no 'tag'
!       main: { scheme: semver }
!       ^
! slipway.yaml:4:3: stream 'main' has no 'assets'
!       main: { scheme: semver }
!       ^
= 1
