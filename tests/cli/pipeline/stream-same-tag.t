# Two streams cannot share their tags.
# schema: accepts: two values are compared
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v{version}", assets: [ a ] }
|   two: { tag: "v{version}", assets: [ b ] }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:5:3: streams 'main' and 'two' have the same tag 'v{version}'
!       two: { tag: "v{version}", assets: [ b ] }
!       ^
= 1
