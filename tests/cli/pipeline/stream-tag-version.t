# A tag says which version it is, once.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: release, assets: [ a ] }
|   two: { tag: "{version}-{version}", assets: [ a ] }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:16: 'tag' of stream 'main' must hold '{version}' once
!       main: { tag: release, assets: [ a ] }
!                    ^
! slipway.yaml:5:15: 'tag' of stream 'two' must hold '{version}' once
!       two: { tag: "{version}-{version}", assets: [ a ] }
!                   ^
= 1
